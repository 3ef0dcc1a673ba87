"""The mark that each sweep leaves, and what `GET /v1/health` reads: one item for the whole deployment, no owner's.

An owner cannot read or write it: its partition key is not ASCII, and `http.request` takes no such subject.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.generation import SCHEMA_VERSION, Generation, GenerationKey
from shared.store import items
from shared.store.ground import Ground

NO_OWNER = "§system"
_KEY = {"pk": NO_OWNER, "sk": "sweep"}


@dataclass(frozen=True, slots=True)
class SweepMark:
    """What a sweep found. `stale` counts what it rescued; `complete` is False when it ran out of time.

    `oldest_pending` is the pending generation that has waited longest of those that a sweep has met, as owner and id,
    and `oldest_pending_since` when it was accepted; both None when it met none.
    """

    at: datetime
    stale: int
    complete: bool
    oldest_pending: GenerationKey | None = None
    oldest_pending_since: datetime | None = None

    @classmethod
    def of(cls, at: datetime, stale: int, *, complete: bool, oldest: Generation | None) -> "SweepMark":
        if oldest is None:
            return cls(at, stale, complete)
        return cls(at, stale, complete, oldest.key, oldest.created_at)


class SweepMarks:
    """One write a sweep, however much it found. Of two sweeps at once the later mark stays."""

    def __init__(self, ground: Ground) -> None:
        self._table = ground.table

    def put_sweep(self, mark: SweepMark) -> None:
        """Replace the mark of the sweep before."""
        owner, generation_id = mark.oldest_pending or (None, None)
        values = {
            "at": mark.at,
            "stale": mark.stale,
            "complete": mark.complete,
            "oldest_owner": owner,
            "oldest_id": generation_id,
            "oldest_since": mark.oldest_pending_since,
            "schema_version": SCHEMA_VERSION,
        }
        self._table.put(items.marshal(_KEY | values))

    def last_sweep(self) -> SweepMark | None:
        """Return the mark of the last sweep, None before the first."""
        item = self._table.get(items.marshal(_KEY))
        if item is None:
            return None
        values = items.unmarshal(item)
        mark = SweepMark(items.from_epoch(values["at"]), int(values["stale"]), values["complete"])
        if "oldest_id" not in values:
            return mark
        oldest, since = (
            GenerationKey(values["oldest_owner"], values["oldest_id"]),
            items.from_epoch(values["oldest_since"]),
        )
        return SweepMark(mark.at, mark.stale, mark.complete, oldest, since)
