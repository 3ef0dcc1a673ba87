"""Everything that depends on a generation's status: whether it may still change, and its colour."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeGuard

type Status = Literal["pending", "running", "succeeded", "failed", "canceled"]


class Facts(NamedTuple):
    """The facts of a status."""

    is_open: bool
    color: str


STATUSES: Mapping[Status, Facts] = {
    "pending": Facts(is_open=True, color="yellow"),
    "running": Facts(is_open=True, color="cyan"),
    "succeeded": Facts(is_open=False, color="green"),
    "failed": Facts(is_open=False, color="red"),
    "canceled": Facts(is_open=False, color="red"),
}
"""Every status that this client knows. A newer status counts as open, unless the generation has ended."""

TERMINAL: frozenset[str] = frozenset(status for status, facts in STATUSES.items() if not facts.is_open)


def is_known(status: str) -> TypeGuard[Status]:
    """Whether this client knows the status."""
    return status in STATUSES


def color_of(status: str) -> str:
    """Return the status's colour. An unknown status has none."""
    return STATUSES[status].color if is_known(status) else ""
