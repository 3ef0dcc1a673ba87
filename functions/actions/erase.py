"""Erases all data of the caller, a bounded part in each call, until a check finds nothing that could be written
again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from shared.aws.journal import log_ended
from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure
from shared.domain.clock import Clock
from shared.domain.generation import Generation
from shared.domain.pacing import retry_after
from shared.domain.pseudonym import pseudonym
from shared.domain.settings import Settings
from shared.http.request import Request
from shared.http.response import Response
from shared.store.damage import DAMAGED
from shared.store.ending import EndingStore
from shared.store.erasure import ErasureStore
from shared.store.reads import Listed

_SECONDS = 5.0
"""The time limit of one call in seconds; the function has ten."""
_HEADS_AT_ONCE = 25
_ITEMS_AT_ONCE = 100
_GO_ON_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EraseService:
    """A worker that still holds a generation may store one step after everything is deleted, because storing needs no
    lease.

    So the mark keeps the erasure open until every lease has ended. `done` is only returned after a check at that time
    found nothing. The next call continues where the last one stopped.

    The mark also means that there may be objects, whose listing costs forty times an item's read. Every owner of an
    object has a head, or a day's usage, which has no time to live. So an owner with nothing to erase costs only reads.
    """

    store: ErasureStore
    endings: EndingStore
    clock: Clock
    settings: Settings
    hang_up: Callable[[str], None] = lambda _owner: None
    """Closes the owner's live connections, if the deployment has any."""

    def erase(self, request: Request) -> Response:
        """Return 200 and `done: true` if nothing is left, otherwise 202 and when to call again.

        `content_erased` is true once nothing of any generation is left, and none can be written again.
        """
        owner, clock = request.owner, self.clock
        until = clock.monotonic() + _SECONDS
        self.hang_up(owner)
        while clock.monotonic() < until:
            # Heads first: without its head, a worker can write only a step.
            heads = list(islice(self.endings.reads.newest(owner, None, _HEADS_AT_ONCE), _HEADS_AT_ONCE))
            if heads:
                self._erase_heads(owner, heads)
            elif rest := self.store.erasable(owner, _ITEMS_AT_ONCE):
                self.store.mark_erasure(owner, clock.now())
                self.store.delete_items(owner, rest)
            # Read after everything is deleted: any other call that deleted set the mark first.
            elif (not_before := self.store.erasure_not_before(owner)) is None:
                return self._limits_alone(owner)
            elif not self.store.delete_objects(owner):
                return self._nothing_found(request, not_before)
        return _not_done(_GO_ON_SECONDS)

    def _erase_heads(self, owner: str, listed: list[Listed]) -> None:
        op, now = self.clock.token(), self.clock.now()
        lease = timedelta(seconds=self.settings.lease_seconds)
        ended, signs = list[Generation](), list[datetime]()
        for each in listed:
            try:
                if (last := self._ended(each.head, op) if each.head else None) is not None:
                    ended.append(last)
                    signs.append(min(_last_sign_of_life(last), now + lease))
            except DAMAGED:
                # An unreadable generation cannot be ended in order, but its key is enough to delete it.
                logger().exception("a generation is erased unread", extra={"generation_id": each.generation_id})
                measure({Metric.ERRORS: 1})
        if len(ended) < len(listed):
            signs.append(now)
        ours = [head for head in ended if head.op == op]
        for head in ours:
            log_ended(head, self.endings.reads.asked(head.key))
        measure({}, ours)
        # Set the mark before deleting the heads: only they show their leases.
        self.store.mark_erasure(owner, max(signs) + lease)
        self.store.delete_items(owner, [f"G#{each.generation_id}" for each in listed])

    def _ended(self, head: Generation, op: str) -> Generation | None:
        return head if head.terminal else self.endings.cancel(head.key, op)

    def _nothing_found(self, request: Request, not_before: datetime) -> Response:
        owner = request.owner
        self.store.keep_only_spend(owner)
        now, lease = self.clock.now(), timedelta(seconds=self.settings.lease_seconds)
        if not_before > now + 2 * lease:  # clocks differ by less than a lease
            self.store.replace_mark(owner, now + lease)
            return _not_done(_seconds(now, now + lease))
        if not_before > now:
            return _not_done(_seconds(now, not_before))
        # The mark was extended since: another call found more.
        if not self.store.unmark_erasure(owner, not_before):
            return _not_done(_GO_ON_SECONDS)
        # The audit line: once for each erasure, by the call that ended it.
        logger().info(
            "erased", extra={"owner": pseudonym(owner, self.settings.owner_key), "request_id": request.request_id}
        )
        return self._limits_alone(owner)

    def _limits_alone(self, owner: str) -> Response:
        binding = self.store.limits_bind_until(owner)
        if binding is not None:
            return _not_done(_seconds(self.clock.now(), binding), content_erased=True)
        return Response(200, {"done": True, "content_erased": True})


def _last_sign_of_life(head: Generation) -> datetime:
    return max(head.created_at, head.heartbeat_at or head.created_at, head.finished_at or head.created_at)


def _seconds(earlier: datetime, later: datetime) -> float:
    return (later - earlier) / timedelta(seconds=1)


def _not_done(seconds: float, *, content_erased: bool = False) -> Response:
    body = {"done": False, "content_erased": content_erased}
    return Response(202, body, {"retry-after": retry_after(seconds)})
