"""With Python's search for garbage switched off, an attempt that failed leaves no frame of the worker's behind."""

import gc
import types
from pathlib import Path
from typing import Any

import pytest

from functions.process.ending import Ending
from functions.process.provider import Completion
from shared.domain.errors import TransientProviderError
from tests.integration.worker_rig import Rig, Turn, answering, raising

_WORKER = str(Path("functions") / "process")
LONG = "no JSON " * 1_000

ENDS: dict[str, tuple[list[Turn], Ending]] = {
    "an answer that fits in neither turn": ([answering(LONG), answering(LONG)], Ending.FAILED),
    "an answer in a fence that does not fit": ([answering(f'```json\n{{"a": "{LONG}"}}\n```')] * 2, Ending.FAILED),
    "a fault that passes": ([raising(TransientProviderError("provider_overloaded", "Busy."))], Ending.RELEASED),
    "what nobody expected": ([raising(ZeroDivisionError())], Ending.FAILED),
    "an answer that fits": ([answering()], Ending.SUCCEEDED),
}


def _held() -> list[str]:
    """Return the frames and answers of the worker's that something still holds."""
    found: list[str] = []
    for each in gc.get_objects():
        if isinstance(each, types.FrameType) and _WORKER in each.f_code.co_filename:
            found.append(each.f_code.co_qualname)
        elif isinstance(each, Completion):
            found.append("Completion")
    return found


@pytest.mark.parametrize("end", ENDS)
def test_an_attempt_leaves_nothing_of_itself(rig: Rig, end: str) -> None:
    turns, ending = ENDS[end]
    rig.run(rig.pending(), answering())
    head: Any = rig.pending()
    gc.collect()
    gc.disable()
    try:
        before = _held()
        handled, _ = rig.run(head, *turns)
        rig.model.calls.clear()
        left = _held()
    finally:
        gc.enable()
    assert (handled.ending, left) == (ending, before)
