"""The known facts of a failed call: in the timeline, on the head, in the worker's log; never the provider's text."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from functions.process.ending import Ending
from functions.process.provider import Provider
from shared.aws.dispatch import QueueMessage
from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.errors import CallCanceledError, InvalidOutputError, ProtocolBrokenError, TransientProviderError
from shared.domain.generation import Event, Generation
from shared.domain.states import Status
from tests.factories import SETTINGS
from tests.integration.provider_servers import head as http_head
from tests.integration.provider_servers import raw_server, saying
from tests.integration.wire_rig import OnTheWire
from tests.integration.worker_rig import NEVER, Call, Rig, Turn, answering, raising, then

SECRET = "the text of a user's own"
KEY = "key-of-the-deployment-93"
BODY = {"error": {"type": "server_error", "code": "engine_overloaded", "message": f"{SECRET} with {KEY} and sk-abc123"}}


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    """Return what each log line of this message has."""
    return [vars(record) for record in caplog.records if record.getMessage() == message]


@contextmanager
def refusing(rig: Rig, status: str = "503 Down", *headers: str) -> Iterator[OnTheWire]:
    """Yield a real client of a real server that refuses with BODY."""
    body = json.dumps(BODY).encode()
    with raw_server(
        saying(http_head("application/json", status, f"Content-Length: {len(body)}", *headers), body)
    ) as at:
        rig.api_key = lambda: KEY
        yield OnTheWire(Provider(at.base_url, protocol="openrouter"), rig.clock, [])


def handle(rig: Rig, model: OnTheWire, head: Generation) -> Ending:
    worker = rig.worker()
    worker = replace(worker, dependencies=replace(worker.dependencies, model=model))
    return worker.handle(QueueMessage(head.user_id, head.generation_id, head.fence), NEVER).ending


def test_a_refusal_is_in_the_event_and_the_log_with_what_the_provider_calls_it(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    head = rig.pending()
    with refusing(rig, "503 Down", "X-Generation-Id: gen-77") as model:
        assert handle(rig, model, head) is Ending.RELEASED
    (event,) = rig.events(head)
    assert event.call == CallFacts("local/cards", None, 503, "engine_overloaded", "gen-77", None, 0.0)
    (line,) = lines(caplog, "the attempt ended")
    assert line.items() >= event.call.known().items()
    assert (line["code"], line["generation_id"]) == ("provider_unavailable", head.generation_id)


def test_a_failed_generation_shows_its_owner_the_same_and_nothing_of_the_text(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    head = rig.pending()
    with refusing(rig, "402 Payment Required") as model:
        assert handle(rig, model, head) is Ending.FAILED
    after = rig.read(head)
    assert after.call == rig.events(head)[-1].call
    assert (after.call.provider_status, after.call.provider_code) == (402, "engine_overloaded")
    stored = repr(rig.store.ground.table.query(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": head.user_id}}
    ))  # fmt: skip
    for place in (stored, repr([vars(record) for record in caplog.records])):
        assert [secret for secret in (SECRET, KEY, "sk-abc123") if secret in place] == []


def test_an_excerpt_is_kept_in_the_log_alone_and_only_where_it_is_switched_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.settings = replace(SETTINGS, keep_provider_excerpts=True)
    head = rig.pending()
    with refusing(rig) as model:
        handle(rig, model, head)
    (line,) = lines(caplog, "the attempt ended")
    excerpt = str(line["provider_excerpt"])
    assert SECRET in excerpt
    assert [key for key in (KEY, KEY[:8], "sk-abc123", "abc123") if key in excerpt] == []
    assert SECRET not in repr(rig.events(head)) + repr(rig.read(head))


BROKEN = ProtocolBrokenError("provider_protocol_broken", "No answer.")
EMPTY = InvalidOutputError("output_empty", "Nothing.")


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (answering("Sure!", call_id="gen-a"), "output_invalid"),
        (then(lambda call: call.record.called("gen-a"), raising(EMPTY)), "output_empty"),
        (then(lambda call: call.record.called("gen-a"), raising(BROKEN)), "provider_protocol_broken"),
    ],
)
def test_an_answer_of_no_use_is_told_though_the_attempt_succeeds(
    rig: Rig, caplog: pytest.LogCaptureFixture, first: Turn, code: str
) -> None:
    head = rig.pending()
    slow = then(lambda _call: rig.clock.pass_seconds(1.5), first)
    handled, after = rig.run(head, slow, answering(call_id="gen-b"))
    assert handled.ending is Ending.SUCCEEDED
    call = CallFacts("local/cards", provider_call_id="gen-a", seconds=1.5)
    assert rig.events(head) == [Event("asked_again", rig.clock.now(), 1, code, call=call)]
    (line,) = lines(caplog, "the model is asked again")
    assert (line["code"], line["provider_call_id"], line["seconds"]) == (code, "gen-a", 1.5)
    assert after.call.provider_call_id == "gen-b"


def test_two_calls_under_one_version_leave_two_lines_and_the_end_its_own(rig: Rig) -> None:
    head = rig.pending()
    rig.run(head, raising(BROKEN), answering("Sure!", call_id="gen-1"), answering("No.", call_id="gen-2"))
    assert [event.name for event in rig.events(head)] == ["asked_again", "asked_again", "failed"]
    assert rig.events(head)[-1].call.provider_call_id == "gen-2"


def test_a_call_that_a_cancel_closes_is_told_with_what_was_known_of_it(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    head, closed = rig.pending(), threading.Event()
    rig.settings = replace(SETTINGS, heartbeat_seconds=0.0)

    def canceled(call: Call) -> None:
        call.record.status = 200
        call.record.called("gen-late")
        call.record.written_by("other/model")
        with call.cancellation.closing(closed.set):
            rig.store.endings.cancel(head.key)
            assert closed.wait(30)

    handled, after = rig.run(head, then(canceled, raising(CallCanceledError("worker closed the call"))))
    assert (handled.ending, after.status) == (Ending.LEASE_LOST, Status.CANCELED)
    (event,) = rig.events(head)
    assert (event.name, event.call.provider_call_id, event.call.provider_status) == ("interrupted", "gen-late", 200)
    assert (event.call.model, event.call.answered_by) == ("local/cards", "other/model")
    (line,) = lines(caplog, "the lease was lost")
    assert line["provider_call_id"] == "gen-late"


def test_an_attempt_without_a_call_knows_of_none(rig: Rig) -> None:
    def unreadable() -> str:
        raise TransientProviderError("provider_key_unavailable", "The key cannot be read.")

    rig.api_key = unreadable
    head = rig.pending()
    rig.run(head)
    assert rig.events(head)[-1].call == NO_CALL


def test_an_older_item_without_facts_is_read_as_knowing_none(rig: Rig) -> None:
    head = rig.pending()
    rig.run(head, answering("Sure!"), answering("No."))
    table = rig.store.ground.table
    for item in table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": head.user_id}}):
        if item["sk"]["S"][:2] in ("G#", "E#"):
            table.put({name: value for name, value in item.items() if name != "call"})
    assert rig.read(head).call == NO_CALL
    assert {event.call for event in rig.events(head)} == {NO_CALL}
