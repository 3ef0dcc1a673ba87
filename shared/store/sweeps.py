"""The mark of the last sweep, which `GET /v1/health` reads. One item for the deployment; it belongs to no owner.

Owners cannot read or write it: its partition key is not ASCII, and `http.request` refuses such a subject.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.generation import SCHEMA_VERSION, Generation, GenerationKey
from shared.store.ground import Ground
from shared.store.marshalling import from_epoch, marshal, unmarshal

NO_OWNER = "§system"
_KEY = {"pk": NO_OWNER, "sk": "sweep"}


@dataclass(frozen=True, slots=True)
class SweepMark:
    """The result of a sweep. `stale` counts the generations that it rescued. `complete` is False if it ran out of time.

    `oldest_pending` is the owner and id of the longest waiting pending generation that the sweep saw.
    `oldest_pending_since` is when it was accepted. Both are None if the sweep saw none.
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
    """Each sweep makes one write. If two sweeps run at once, the last write wins."""

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
        self._table.put(marshal(_KEY | values))

    def last_sweep(self) -> SweepMark | None:
        """Return the mark of the last sweep; None before the first."""
        item = self._table.get(marshal(_KEY))
        if item is None:
            return None
        values = unmarshal(item)
        mark = SweepMark(from_epoch(values["at"]), int(values["stale"]), values["complete"])
        if "oldest_id" not in values:
            return mark
        oldest, since = (
            GenerationKey(values["oldest_owner"], values["oldest_id"]),
            from_epoch(values["oldest_since"]),
        )
        return SweepMark(mark.at, mark.stale, mark.complete, oldest, since)
