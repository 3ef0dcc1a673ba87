"""The fields that every terminal row sets. Its mark is `op`, which the write adds."""

from typing import Any

from shared.domain.generation import ErrorInfo, Generation, Totals
from shared.domain.row import At


def ends(head: Generation, at: At, totals: Totals, error: ErrorInfo | None = None) -> dict[str, Any]:
    """Return the fields of an end: its time, its time to live, and all usage.

    `head` keeps its reservation for calls without a known charge. It counts towards the owner's day until the charge
    arrives."""
    ended = {"finished_at": at.now, "expires_at": at.retention_end(), "holder": None, "not_before": None}
    ended |= {"because": None, "asked_to_wait": None}
    return ended | {
        "usage": totals.usage,
        "steps_done": totals.steps_done,
        "error": error,
        "reserved_usd": totals.reserved_of(head),
    }
