"""The Python client on the running system: every call of it, from both its halves."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import unstuck
from local.stack import LocalStack
from tests.clients.both import CALLERS, Caller
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually, own_text

PATIENT_SECONDS = 90.0


@pytest.fixture(params=list(CALLERS))
def call(request: pytest.FixtureRequest, stack: LocalStack, alice: Owner) -> Caller:
    """Call the client as alice."""
    plain: Caller = CALLERS[request.param](stack.api_url, None)
    token = stack.token(alice.name)

    def as_alice(method: str, *arguments: Any, **named: Any) -> Any:
        return plain(method, *arguments, token=token, **named)

    return as_alice


@pytest.fixture
def client(stack: LocalStack, alice: Owner) -> Any:
    with unstuck.Client(stack.api_url, lambda: stack.token(alice.name)) as opened:
        yield opened


def cards_of(text: str, **fields: Any) -> unstuck.CreateFlashcards:
    return unstuck.CreateFlashcards(source_text=text, **fields)


def test_a_text_becomes_reviewed_cards_with_every_call_on_the_way(call: Caller, alice: Owner) -> None:
    text, session = own_text(), f"s-{uuid.uuid4()}"
    done = call("create_and_wait", cards_of(text, session_id=session), timeout_seconds=PATIENT_SECONDS)
    alice.generations.append(done.generation_id)
    assert (done.status, done.progress, done.ended) == ("succeeded", 100, True)
    assert isinstance(done.output, unstuck.FlashcardsOutput)
    assert [each.number for each in done.output.suggestions] == list(range(1, len(done.output.suggestions) + 1))

    assert call("input", done.generation_id).input["source_text"] == text.strip()
    timeline = call("events", done.generation_id, results=True)
    assert [line.name for line in timeline.events] == ["created", "started", "step_stored", "succeeded"]
    assert timeline.events[2].result["suggestions"]

    edited = call("decide", done.generation_id, 1, "accepted", front="Edited?")
    assert (edited.front, edited.state) == ("Edited?", "accepted")
    decisions = [
        unstuck.DecideNumbered(number=2, decision="accepted"),
        unstuck.DecideNumbered(number=3, decision="rejected"),
    ]
    reviewed = call("decide_many", done.generation_id, decisions)
    assert [each.state for each in reviewed.suggestions] == ["accepted", "rejected"]
    cards = call("cards", session_id=session)
    assert {card.card_id for card in cards} == {edited.card_id, reviewed.suggestions[0].card_id}
    assert call("cards_page", limit=1).next_cursor

    after = call("get", done.generation_id, min_version=reviewed.version)
    assert (after.version, after.stale) == (reviewed.version, None)
    assert [each.state for each in after.output.suggestions[:4]] == ["accepted", "accepted", "rejected", "proposed"]
    usage = call("usage")
    assert (usage.total.generations, usage.total.calls) == (1, 1)
    assert usage.total.cost_usd == done.usage.cost_usd > 0

    assert [each.generation_id for each in call("feed", session_id=session)] == [done.generation_id]
    call("dismiss", done.generation_id)
    assert call("feed", session_id=session) == []
    assert call("get", done.generation_id).dismissed_at is not None


def test_what_anybody_may_ask_needs_no_token(call: Caller) -> None:
    assert call("openapi")["openapi"].startswith("3.1")
    assert call("health").stale >= 0


def test_a_failure_is_an_error_and_can_be_tried_again_once(call: Caller, alice: Owner) -> None:
    with pytest.raises(unstuck.GenerationFailedError) as failed:
        call("create_and_wait", cards_of(own_text(), model="local/refuse"), timeout_seconds=PATIENT_SECONDS)
    first = failed.value.generation.generation_id
    assert (failed.value.code, failed.value.retryable) == ("output_refused", False)
    again = call("retry", first, start="start")
    alice.generations += [first, again.generation_id]
    assert call("retry", first).generation_id == again.generation_id
    ended = call("wait", again.generation_id, timeout_seconds=PATIENT_SECONDS, check=False)
    assert (ended.status, ended.retry_of) == ("failed", first)


def test_a_cancellation_ends_the_wait_for_it(client: unstuck.Client, alice: Owner) -> None:
    generation_id = alice.submit("local/stream:30")
    seen = []
    with pytest.raises(unstuck.ConflictError) as early:
        client.dismiss(generation_id)
    assert early.value.code == "not_terminal"
    for found in client.watch(generation_id, timeout_seconds=PATIENT_SECONDS):
        seen.append(found.status)
        if found.status == "running" and "canceled" not in seen:
            assert client.cancel(generation_id).status == "canceled"
    assert seen[-1] == "canceled"
    with pytest.raises(unstuck.GenerationCanceledError):
        client.wait(generation_id)


def test_one_key_is_one_generation(client: unstuck.Client, alice: Owner) -> None:
    request, key = cards_of(own_text()), str(uuid.uuid4())
    first, second = (client.create(request, idempotency_key=key) for _ in range(2))
    alice.generations.append(first.generation_id)
    assert first.generation_id == second.generation_id
    assert (first.replayed, second.replayed) == (False, True)
    with pytest.raises(unstuck.InvalidRequestError) as reused:
        client.create(cards_of(own_text()), idempotency_key=key)
    assert reused.value.code == "idempotency_key_reused"
    client.wait(first.generation_id, timeout_seconds=PATIENT_SECONDS)


OTHER_KINDS: list[tuple[unstuck.CreateGeneration, type[Any]]] = [
    (unstuck.CreateStory(premise="A lighthouse keeper who finds a map.", chapters=2), unstuck.StoryOutput),
    (unstuck.CreateImage(prompt="A lighthouse at dawn."), unstuck.ImageOutput),
    (unstuck.CreateAssistant(sentence="I want to run a marathon within a year."), unstuck.AssistantOutput),
]


@pytest.mark.parametrize(("request_", "kind_of_output"), OTHER_KINDS)
def test_every_kind_comes_in_a_form_of_its_own(
    client: unstuck.Client, alice: Owner, request_: unstuck.CreateGeneration, kind_of_output: type[Any]
) -> None:
    done = client.create_and_wait(request_, timeout_seconds=PATIENT_SECONDS)
    alice.generations.append(done.generation_id)
    assert isinstance(done.output, kind_of_output)


def test_who_watches_sees_a_killed_workers_work_taken_up_and_never_a_step_back(
    client: unstuck.Client, stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit("local/stream:4")
    alice.wait_for(generation_id, lambda found: found["progress"] > 2)
    seen, killed = [], False
    for found in client.watch(generation_id, timeout_seconds=PATIENT_SECONDS):
        seen.append(found)
        if not killed:
            faults.kill(faults.worker_of(stack, alice.name, generation_id))
            killed = True
    assert seen[-1].status == "succeeded"
    assert seen[-1].attempt >= 2
    for name in ("version", "progress", "attempt"):
        shown = [getattr(each, name) for each in seen]
        assert shown == sorted(shown)


def test_a_feed_of_several_pages_has_each_once_and_the_newest_first(client: unstuck.Client, alice: Owner) -> None:
    sent = [alice.submit() for _ in range(7)]
    for generation_id in sent:
        alice.wait_for_end(generation_id)
    assert [each.generation_id for each in client.feed(page_size=3)] == sent[::-1]
    page = client.feed_page(limit=3, status="succeeded", kind="flashcards")
    assert len(page.generations) == 3


def test_what_is_wrong_is_told_apart(stack: LocalStack, client: unstuck.Client, new_owner: Callable[[], Owner]) -> None:
    other = new_owner()
    theirs = other.submit()
    with pytest.raises(unstuck.NotFoundError) as absent:
        client.get(theirs)
    assert (absent.value.code, absent.value.generation_id) == ("not_found", theirs)
    with pytest.raises(unstuck.InvalidRequestError) as short:
        client.create(cards_of("too short"))
    assert [error.field for error in short.value.errors] == ["source_text"]
    with (
        unstuck.Client(stack.api_url, stack.token("late", ttl_seconds=-60)) as late,
        pytest.raises(unstuck.UnauthorizedError) as expired,
    ):
        late.usage()
    assert expired.value.code == "http_401"
    other.wait_for_end(theirs)


def test_a_service_that_is_down_is_unreachable_and_the_create_can_be_taken_up_again(
    stack: LocalStack, alice: Owner
) -> None:
    away = stack.api_url.replace(stack.endpoint, "http://127.0.0.1:9")
    once = unstuck.Conditions(calls=unstuck.Patience(tries=2, base_seconds=0.01))
    request = cards_of(own_text())
    with (
        unstuck.Client(away, "t", conditions=once) as unreachable,
        pytest.raises(unstuck.UnreachableError) as caught,
    ):
        unreachable.create(request)
    with unstuck.Client(stack.api_url, stack.token(alice.name)) as client:
        accepted = client.create(request, idempotency_key=caught.value.idempotency_key)
    alice.generations.append(accepted.generation_id)
    alice.wait_for_end(accepted.generation_id)


def test_an_erasure_is_called_until_it_is_done(stack: LocalStack) -> None:
    with unstuck.Client(stack.api_url, stack.token(f"user-{uuid.uuid4()}")) as client:
        client.create_and_wait(cards_of(own_text()), timeout_seconds=PATIENT_SECONDS)
        first = client.erase_me()
        assert first.done or first.retry_after_seconds is not None
        assert eventually(client.erase_me, lambda erasure: erasure.done).content_erased
        assert list(client.feed()) == []


def test_the_examples_of_the_docs_run(stack: LocalStack, alice: Owner, capsys: pytest.CaptureFixture[str]) -> None:
    page = Path("docs/clients.md").read_text(encoding="utf-8").split("\n## Python\n", 1)[1].split("\n## ", 1)[0]
    examples = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    given = {"base_url": stack.api_url, "token": stack.token(alice.name), "text": own_text()}
    for example in examples:
        exec(example, dict(given))  # noqa: S102 - our own page
    shown = capsys.readouterr().out
    assert "What is the cell? - " in shown
    assert "succeeded 100 1" in shown
    assert len(examples) == 3
    alice.generations += [each["generation_id"] for each in alice.http.get("/v1/generations").json()["generations"]]
