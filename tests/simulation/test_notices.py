"""The simulation notices what breaks an invariant: a row of the table that lost what makes it safe."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from shared import lifecycle
from shared.lifecycle import Guard, Transition
from tests.simulation.schedules import simulate, simulator
from tests.simulation.transitions import ViolationError

_SEEDS = 400


@contextmanager
def row(name: str, **changes: Any) -> Iterator[None]:
    """Change one row of the table within the block."""
    with patch.multiple(lifecycle, **{name: replace(getattr(lifecycle, name), **changes)}):
        yield


def without(name: str, *guards: Guard) -> AbstractContextManager[None]:
    kept = tuple(guard for guard in getattr(lifecycle, name).guards if guard not in guards)
    return row(name, guards=kept)


@contextmanager
def _nothing_leaves_the_index() -> Iterator[None]:
    with patch.object(Transition, "leaves_index", lambda _row: False):
        yield


def _simulate_all() -> None:
    with simulator() as carriers:
        for seed in range(_SEEDS):
            simulate(seed, carriers)


BROKEN = {
    "heartbeat for any holder": lambda: without("HEARTBEAT", Guard.FENCE, Guard.HOLDER),
    "advance for any holder": lambda: without("ADVANCE", Guard.FENCE, Guard.HOLDER),
    "release for any holder": lambda: without("RELEASE", Guard.FENCE, Guard.HOLDER),
    "progress may go down": lambda: without("HEARTBEAT", Guard.PROGRESS_NOT_AHEAD),
    "claim keeps the fence": lambda: row("CLAIM", raises_fence=False),
    "cancel keeps the fence": lambda: row("CANCEL", raises_fence=False),
    "an ended one stays in the index": _nothing_leaves_the_index,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_found(name: str) -> None:
    with BROKEN[name](), pytest.raises(ViolationError):
        _simulate_all()
