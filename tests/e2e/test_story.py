"""A story survives the loss of its worker in every step, pays for nothing twice that is stored, and tells its steps."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import LocalStack
from shared.domain.rows.worker import FIRST_STAGE
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually
from tests.e2e.test_retry import retry

PREMISE = "A lighthouse keeper named Mara finds a bottle with a map that shows her own island. (Copy {mark}.)"
CALLED = ("outline", "chapter-1", "chapter-2", "chapter-3")
STEPS = (*CALLED, "story")


@pytest.fixture(scope="module", autouse=True)
def unhurried(stack: LocalStack) -> Iterator[None]:
    """An invocation works for 25 s before it hands over: what ends an attempt here is the test's doing alone."""
    with faults.environment(stack, "process", HANDOVER_MARGIN_SECONDS="5"):
        yield


def begin(owner: Owner, model: str, chapters: int = 3) -> str:
    """Start a story that nobody else requests: the model server distinguishes conversations by their text."""
    asked = {"kind": "story", "model": model, "chapters": chapters, "premise": PREMISE.format(mark=owner.name)}
    answer = owner.http.post("/v1/generations", json=asked)
    assert answer.status_code == 202, answer.text
    owner.generations.append(answer.json()["generation_id"])
    return owner.generations[-1]


def timeline(owner: Owner, generation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = owner.http.get(f"/v1/generations/{generation_id}/events", params={"results": "true"}).json()
    return found


def stored_steps(owner: Owner, generation_id: str) -> dict[str, dict[str, Any]]:
    lines = timeline(owner, generation_id)["events"]
    return {line["step"]: line for line in lines if line["name"] == "step_stored"}


def wait_for_call(stack: LocalStack, owner: Owner, generation_id: str, step: str) -> None:
    """Wait until the model is asked for a step; who looks heals what has lost its worker meanwhile."""
    eventually(
        lambda: (owner.look(generation_id), faults.calls(stack, generation_id))[1],
        lambda calls: bool(calls) and calls[-1]["step"] == step,
    )


def assert_whole(found: dict[str, Any], chapters: int = 3) -> None:
    assert (found["status"], found["progress"], found["steps_done"]) == ("succeeded", 100, chapters + 2), found
    story = found["output"]
    assert "Mara" in story["title"]
    assert len(story["chapters"]) == chapters
    assert len({chapter["text"] for chapter in story["chapters"]}) == chapters
    assert all(len(chapter["text"]) > 1_000 for chapter in story["chapters"])


def test_a_story_whose_worker_is_killed_in_every_step_ends_whole_and_pays_for_a_step_at_most_twice(
    stack: LocalStack, alice: Owner
) -> None:
    generation_id = begin(alice, "local/stream_first:1:20")
    for step in CALLED:
        wait_for_call(stack, alice, generation_id, step)
        begun = alice.look(generation_id)["progress"]
        alice.wait_for(generation_id, lambda found, begun=begun: found["progress"] > begun)  # type: ignore[misc]
        assert faults.calls(stack, generation_id)[-1]["outcome"] is None, "its answer is still under way"
        faults.kill(faults.worker_of(stack, alice.name, generation_id))
        # The next step can begin only once this one is stored, by a second try that nobody kills.
    found = alice.wait_for_end(generation_id)
    assert_whole(found)
    assert found["attempt"] == 5
    calls = faults.calls(stack, generation_id)
    # Each answer that a kill cut off had begun, and was paid for; stored steps were never requested again.
    assert Counter(call["step"] for call in calls if call["paid"]) == dict.fromkeys(CALLED, 2)
    assert [(call["step"], call["outcome"]) for call in calls] == [
        (step, outcome) for step in CALLED for outcome in ("client_closed", "answered")
    ]
    steps = stored_steps(alice, generation_id)
    assert_figures(steps, calls)
    assert [steps[name]["result"] for name in CALLED[1:]] == found["output"]["chapters"]


def assert_figures(steps: dict[str, dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    """Each step shows the figures of the call that made it, and none if it made no call."""
    assert [(step["step"], step["position"]) for step in sorted(steps.values(), key=lambda each: each["position"])] == [
        (name, place) for place, name in enumerate(STEPS, 1)
    ]
    for call in (call for call in calls if call["outcome"] == "answered"):
        step = steps[call["step"]]
        assert step["call_id"] == call["id"]
        assert (step["usage"]["calls"], step["usage"]["cost_usd"]) == (1, call["cost"])
        assert all(step["usage"][name] == call[name] for name in ("prompt_tokens", "completion_tokens"))
        assert 0 < step["duration_seconds"] < 60
    assert "call_id" not in steps["story"]
    assert steps["story"]["usage"]["calls"] == 0


def test_progress_moves_with_every_step_and_every_word(alice: Owner) -> None:
    generation_id = begin(alice, "local/stream:3", chapters=2)
    seen: list[tuple[int, str, int]] = []

    def look() -> dict[str, Any]:
        found = alice.look(generation_id)
        seen.append((found["progress"], found.get("stage", ""), found["steps_done"]))
        return found

    assert_whole(eventually(look, lambda found: found["status"] == "succeeded"), chapters=2)
    stages = list(dict.fromkeys(stage for _, stage, _ in seen if stage and stage != FIRST_STAGE))
    assert stages == ["planning the story", "writing chapter 1 of 2", "writing chapter 2 of 2"]
    assert {done for _, _, done in seen} >= {0, 1, 2, 4}
    for stage in stages[1:]:
        shown = {progress for progress, at, _ in seen if at == stage}
        assert len(shown) >= 3, (stage, seen)


def test_a_retry_of_a_story_that_was_canceled_in_its_second_chapter_goes_on_there(
    stack: LocalStack, alice: Owner
) -> None:
    old = begin(alice, "local/slow_first:1:5", chapters=2)
    wait_for_call(stack, alice, old, "chapter-2")
    assert alice.cancel(old)["status"] == "canceled"
    new = retry(alice, old)["generation_id"]
    found = alice.wait_for_end(new)
    assert_whole(found, chapters=2)
    [call] = faults.calls(stack, new)
    assert call["step"] == "chapter-2"
    # Steps that the first one paid for cost the second nothing, and count as its own.
    assert (found["usage"]["calls"], found["usage"]["cost_usd"]) == (1, call["cost"])
    before, after = stored_steps(alice, old), stored_steps(alice, new)
    assert set(before) == {"outline", "chapter-1"}
    for name in before:
        assert after[name]["usage"]["cost_usd"] == 0
        assert after[name]["call_id"] == before[name]["call_id"]


def test_a_sentence_is_answered_in_the_form_of_its_intent(alice: Owner) -> None:
    sentences = {
        "smart_goal": "I want to run a marathon in under 4 hours by next summer.",
        "prioritization": "Today I have to call the doctor, file my taxes, water the plants and answer the boss now.",
        "unknown": "Hello there!",
    }
    for intent, sentence in sentences.items():
        answer = alice.http.post("/v1/generations", json={"kind": "assistant", "sentence": sentence})
        assert answer.status_code == 202, answer.text
        alice.generations.append(answer.json()["generation_id"])
        found = alice.wait_for_end(alice.generations[-1])
        assert found["status"] == "succeeded", found
        assert found["output"]["result"]["intent"] == intent
        assert found["usage"]["calls"] == (1 if intent == "unknown" else 2)
        if intent == "prioritization":
            tasks = [item["task"] for item in found["output"]["result"]["items"]]
            assert tasks[0] == "Answer the boss now"
            assert len(tasks) == 4


def test_as_many_cards_are_made_as_were_asked_for(alice: Owner) -> None:
    found = alice.wait_for_end(alice.submit(count=5, language="en"))
    assert found["status"] == "succeeded"
    assert len(found["output"]["suggestions"]) == 5
