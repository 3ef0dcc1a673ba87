"""Lists an owner's generations, the newest first, page by page: none is lost or shown twice while paging."""

from dataclasses import dataclass

from functions.status.healing import Healer
from shared import kinds
from shared.domain.clock import Clock
from shared.domain.generation import Generation
from shared.domain.moving import moving
from shared.domain.pacing import poll_after_seconds, retry_after
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.http import cursor
from shared.http.query import LABEL, Query
from shared.http.request import Request
from shared.http.response import Response
from shared.store.reads import Reader
from shared.view.view import status_shown, view

_DEFAULT_LIMIT, _MAX_LIMIT = 20, 100
_READ_AT_MOST = 500
_READ_AT_ONCE = 100
_RESCUE_AT_MOST = 3  # each takes three requests; the sweeper does not leave the others waiting


@dataclass(frozen=True, slots=True)
class Filter:
    """Which generations a caller wants to see; None is any."""

    session_id: str | None
    status: str | None
    kind: str | None

    @property
    def passes_all(self) -> bool:
        return self == Filter(None, None, None)

    def passes(self, head: Generation) -> bool:
        """Whether it is shown: dismissed ones never are."""
        return (
            head.dismissed_at is None
            and self.session_id in (None, head.session_id)
            and self.status in (None, status_shown(head))
            and self.kind in (None, head.kind)
        )


@dataclass(frozen=True, slots=True)
class FeedService:
    """The order is that of the ids, which is fixed for good: a page begins behind the last id of the one before."""

    reads: Reader
    healer: Healer
    clock: Clock
    settings: Settings

    def read(self, request: Request) -> Response:
        """Answer one page. It may be short, or empty, and `next_cursor` still be there: only null is the end.

        Where something on it is open, `Retry-After` says when to read it again: by the one that may end first.
        The work is bounded: at most 500 generations are read, however few of them pass the filter.
        """
        query = Query(request, "session_id", "status", "kind", "limit", "cursor")
        label = "1 to 64 of the characters A-Z a-z 0-9 . _ : ~ -"
        wanted = Filter(
            query.matching("session_id", LABEL, label),
            query.one_of("status", [str(status) for status in Status]),
            query.one_of("kind", kinds.names()),
        )
        limit = query.number("limit", 1, _MAX_LIMIT) or _DEFAULT_LIMIT
        after = query.cursor()
        query.check()
        found, next_cursor = self._page(request.owner, wanted, limit, after)
        now = self.clock.now()
        shown = [view(head, moving(head, now, self.settings)) for head in found]
        pauses = [poll_after_seconds(head, now, self.settings) for head in found if not head.terminal]
        headers = {"retry-after": retry_after(min(pauses))} if pauses else {}
        return Response(200, {"generations": shown, "next_cursor": next_cursor}, headers)

    def _page(self, owner: str, wanted: Filter, limit: int, after: str | None) -> tuple[list[Generation], str | None]:
        shown: list[Generation] = []
        rescues, last = 0, after
        page = limit + 1 if wanted.passes_all else _READ_AT_ONCE
        for read, head in enumerate(self.reads.newest(owner, after, page)):
            if read == _READ_AT_MOST:
                return shown, last and cursor.encode(last)
            if rescues < _RESCUE_AT_MOST and (healed := self.healer.heal(head)) is not None:
                head, rescues = healed, rescues + 1  # noqa: PLW2901 - as it now is
            if wanted.passes(head) and not self.reads.expired(head):
                if len(shown) == limit:
                    return shown, last and cursor.encode(last)
                shown.append(head)
            last = head.generation_id
        return shown, None
