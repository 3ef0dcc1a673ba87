"""The minutes: decisions first, then tasks of them. A second attempt pays for no decision twice."""

from typing import Any

import pytest

from shared import kinds
from shared.kinds.contract import Prompt
from trial.scripted import ScriptedContext, ScriptedFailureError, run

MINUTES = kinds.load("minutes")
TRANSCRIPT = "Ann: We ship on Friday. Ben: Agreed, I will write the notes. " * 5


def answer(prompt: Prompt) -> dict[str, Any]:
    if prompt.schema_name == "decisions":
        return {"decisions": ["They ship on Friday."]}
    return {"tasks": [{"task": "Write the notes.", "owner": "Ben"}]}


def test_the_tasks_are_made_of_the_decisions() -> None:
    context = ScriptedContext(answer)
    made = run(MINUTES, context, transcript=TRANSCRIPT)
    assert context.calls == ["decisions", "minutes"]
    assert made.model_dump() == {
        "decisions": ["They ship on Friday."],
        "tasks": [{"task": "Write the notes.", "owner": "Ben"}],
    }


def test_a_second_attempt_continues_after_the_decisions() -> None:
    first = ScriptedContext(answer)
    run(MINUTES, first, transcript=TRANSCRIPT)
    second = ScriptedContext(answer, {"decisions": first.stored["decisions"]})
    run(MINUTES, second, transcript=TRANSCRIPT)
    assert second.calls == ["minutes"]


def test_a_meeting_without_a_decision_fails_with_the_kinds_own_code() -> None:
    with pytest.raises(ScriptedFailureError, match="nothing_was_decided"):
        run(MINUTES, ScriptedContext(lambda _: {"decisions": []}), transcript=TRANSCRIPT)
