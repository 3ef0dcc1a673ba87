"""Reading one generation: only its owner's, healed on the way, and nothing sent that the caller has already."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.domain.moving import moving
from shared.http.problems import ProblemError
from shared.http.response import Response
from shared.rescue import Rescuer
from shared.store.rescuer import RescuerStore
from shared.store.whole import Store
from shared.view.view import etag
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input, moto_dynamodb
from tests.unit.emf import metrics_of
from tests.unit.requests import a_request, body_of
from tests.unit.services import generation_service

KINDS = ("flashcards",)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class Window:
    """The service over a store, as one owner sees it."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.dispatch = store, clock, RecordingDispatch()
        self.service = generation_service(store, Rescuer(store.rescuer, self.dispatch, clock, SETTINGS, KINDS))

    def pending(self) -> Generation:
        return self.store.admission.create(a_generation(self.clock), an_input())

    def running(self) -> Generation:
        head = self.pending()
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def succeeded(self) -> Generation:
        head = self.running()
        self.store.worker.store_step(head, a_step(self.clock))
        self.store.worker.succeed(head, Totals(1, Usage(1)), "cards")
        return head

    def get(self, head: Generation, *, owner: str | None = None, if_none_match: str | None = None) -> Response:
        headers = {} if if_none_match is None else {"if_none_match": if_none_match}
        asked = a_request(owner or head.user_id, None, generation_id=head.generation_id, query=None, **headers)
        return self.service.get(asked)

    def shown(self, head: Generation) -> dict[str, Any]:
        answer = self.get(head)
        assert answer.status == 200
        return body_of(answer)


@pytest.fixture
def window(store: Store, clock: FakeClock) -> Window:
    return Window(store, clock)


def assert_not_found(window: Window, head: Generation, owner: str | None = None) -> None:
    with pytest.raises(ProblemError, match="not_found"):
        window.get(head, owner=owner)


def test_an_open_generation_is_shown_with_its_tag_and_when_to_look_again(window: Window) -> None:
    head = window.running()
    answer = window.get(head)
    assert (answer.status, answer.headers["etag"]) == (200, etag(head, moving(head, window.clock.now(), SETTINGS)))
    assert 2 <= int(answer.headers["retry-after"]) <= 60
    assert (body_of(answer)["status"], body_of(answer)["version"]) == ("running", 2)
    assert "output" not in body_of(answer)


def test_a_succeeded_one_is_shown_with_its_output_and_need_not_be_looked_at_again(window: Window) -> None:
    head = window.succeeded()
    answer = window.get(head)
    assert body_of(answer)["status"] == "succeeded"
    (card,) = body_of(answer)["output"]["suggestions"]
    assert card.items() >= a_step(window.clock).result["suggestions"][0].items()
    assert "retry-after" not in answer.headers


def test_the_result_of_a_step_is_not_shown_before_the_generation_has_succeeded(window: Window) -> None:
    head = window.running()
    window.store.worker.store_step(head, a_step(window.clock))
    assert "output" not in window.shown(head)


@pytest.mark.parametrize("make", ["running", "succeeded"])
def test_who_has_the_state_already_is_told_so_and_sent_nothing(window: Window, make: str) -> None:
    head: Generation = getattr(window, make)()
    tag = window.get(head).headers["etag"]
    answer = window.get(head, if_none_match=f'"1-0", W/{tag}')
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, None, tag)
    assert ("retry-after" in answer.headers) == (make == "running")


def test_a_heartbeat_is_a_state_that_the_caller_does_not_have(window: Window) -> None:
    head = window.running()
    tag = window.get(head).headers["etag"]
    window.clock.pass_seconds(10)
    window.store.worker.heartbeat(head, 0, None)
    assert window.get(head, if_none_match=tag).status == 200


def test_anothers_generation_is_not_there(window: Window) -> None:
    assert_not_found(window, window.succeeded(), owner="mallory")


def test_a_generation_that_never_was_is_not_there(window: Window) -> None:
    assert_not_found(window, a_generation(window.clock))


def test_an_expired_generation_is_not_there_though_it_is_not_deleted_yet(window: Window) -> None:
    head = window.succeeded()
    window.clock.pass_seconds(30 * 86_400 - 1)
    assert window.get(head).status == 200
    window.clock.pass_seconds(1)
    assert_not_found(window, head)
    assert Store(window.store.ground._replace(clock=FakeClock())).reads.get(head.key) is not None


def test_reading_heals_a_generation_whose_worker_was_lost(window: Window, capsys: pytest.CaptureFixture[str]) -> None:
    head = window.running()
    window.clock.pass_seconds(40)
    assert window.shown(head)["status"] == "pending"
    assert [sent.fence for sent in window.dispatch.sent] == [head.fence + 1]
    assert metrics_of(capsys.readouterr().out) == {"StaleFound": [1], "RescueGivenBack": [1]}


def test_reading_what_is_past_its_deadline_ends_it_and_tells_of_it_once(
    window: Window, capsys: pytest.CaptureFixture[str]
) -> None:
    head = window.running()
    window.clock.pass_seconds(900)
    assert window.shown(head)["status"] == "failed"
    assert metrics_of(capsys.readouterr().out) == {
        "StaleFound": [1],
        "RescueExpired": [1],
        "Failed": [1],
        "Failures": [1],
        "LatencySeconds": [900],
        "PendingSeconds": [0],
        "Attempts": [1],
    }
    assert window.shown(head)["status"] == "failed"
    assert capsys.readouterr().out == ""


def test_reading_sends_a_lost_message_again_and_once_only(window: Window) -> None:
    head = window.pending()
    window.clock.pass_seconds(60)
    for _ in range(5):
        window.get(head)
    assert [sent.fence for sent in window.dispatch.sent] == [head.fence]


def test_reading_past_the_deadline_shows_the_failure(window: Window) -> None:
    head = window.pending()
    window.clock.pass_seconds(900)
    shown = window.shown(head)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "deadline_exceeded")


def test_reading_what_is_not_stale_writes_nothing(window: Window, capsys: pytest.CaptureFixture[str]) -> None:
    head = window.running()
    window.clock.pass_seconds(39)
    window.get(head)
    assert window.store.reads.get(head.key) == head
    assert (window.dispatch.sent, capsys.readouterr().out) == ([], "")


def test_a_rescue_that_the_store_does_not_take_still_answers_what_was_read(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise StoreUnavailableError("ThrottlingException")

    head = window.running()
    window.clock.pass_seconds(40)
    monkeypatch.setattr(RescuerStore, "give_back", unavailable)
    assert window.shown(head)["status"] == "running"


def test_who_reads_while_another_rescues_sees_what_the_other_did(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = window.running()
    window.clock.pass_seconds(40)
    rescue = Rescuer.rescue

    def overtaken(rescuer: Rescuer, read: Generation) -> object:
        rescue(rescuer, read)
        return rescue(rescuer, read)

    monkeypatch.setattr(Rescuer, "rescue", overtaken)
    assert window.shown(head)["status"] == "pending"
    assert len(window.dispatch.sent) == 1
