"""Lists an owner's generations, newest first, page by page. Paging loses and repeats none."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from functions.status.healing import Healer
from functions.status.output import Outputs, bytes_of
from shared import kinds
from shared.aws.logs import logger
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
from shared.store.damage import DAMAGED
from shared.store.reads import Reader
from shared.view.view import status_shown, view

if TYPE_CHECKING:
    from shared.view import schemas

_DEFAULT_LIMIT, _MAX_LIMIT = 20, 100
_DEFAULT_WITH_OUTPUT, _MAX_WITH_OUTPUT = 10, 25
_OUTPUT_BYTES = 32 * 1024  # the largest output of one row
_PAGE_BYTES = 256 * 1024  # the outputs of one page: at least eight rows fit
_READ_AT_MOST = 100
"""The read limit of one call if its filter matches few: 13 read units instead of 59; the cursor continues."""
_RESCUE_AT_MOST = 3  # each takes three requests; the sweeper rescues the others


@dataclass(frozen=True, slots=True)
class Filter:
    """The caller's filter; None matches any."""

    session_id: str | None
    status: str | None
    kind: str | None

    @property
    def passes_all(self) -> bool:
        return self == Filter(None, None, None)

    def passes(self, head: Generation) -> bool:
        """Whether it is shown. Dismissed generations never are."""
        return (
            head.dismissed_at is None
            and self.session_id in (None, head.session_id)
            and self.status in (None, status_shown(head))
            and self.kind in (None, head.kind)
        )


type Row = tuple[Generation, "schemas.ListedGeneration"]


@dataclass(frozen=True, slots=True)
class FeedService:
    """Ordered by id, which never changes. A page starts after the last id of the previous one."""

    reads: Reader
    healer: Healer
    outputs: Outputs
    clock: Clock
    settings: Settings

    def read(self, request: Request) -> Response:
        """Return one page. It may be short or empty and still have a `next_cursor`: only null is the end.

        If a generation on it is open, `Retry-After` says when to read it again, by the one that may end first. The work
        is bounded: at most 100 generations are read, however few match the filter. With `fields=output`, the bytes are
        bounded, too: 32 KiB for a row's output, 256 KiB for a page.
        """
        query = Query(request, "session_id", "status", "kind", "fields", "limit", "cursor")
        with_output = query.one_of("fields", ("output",)) is not None
        default, most = (_DEFAULT_WITH_OUTPUT, _MAX_WITH_OUTPUT) if with_output else (_DEFAULT_LIMIT, _MAX_LIMIT)
        label = "1 to 64 of the characters A-Z a-z 0-9 . _ : ~ -"
        wanted = Filter(
            query.matching("session_id", LABEL, label),
            query.one_of("status", [str(status) for status in Status]),
            query.one_of("kind", kinds.names()),
        )
        limit = min(query.number("limit", 1, _MAX_LIMIT) or default, most)
        after = query.cursor()
        query.check()
        found, next_cursor = self._page(request.owner, wanted, limit, after)
        heads, shown = [head for head, _ in found], [row for _, row in found]
        now = self.clock.now()
        if with_output and (fitting := self._add_outputs(heads, shown)) < len(heads):
            shown, next_cursor = shown[:fitting], cursor.encode(heads[fitting - 1].generation_id)
        open_ones = [head for head in heads[: len(shown)] if not head.terminal]
        pauses = list[float]()
        for head in open_ones:
            with suppress(*DAMAGED):
                pauses.append(poll_after_seconds(head, now, self.settings))
        headers = {"retry-after": retry_after(min(pauses))} if pauses else {}
        return Response(200, {"generations": shown, "next_cursor": next_cursor}, headers)

    def _add_outputs(self, heads: list[Generation], shown: "list[schemas.ListedGeneration]") -> int:
        """Add the outputs to the rows. Returns how many rows fit into the page; the first always does."""
        made = self.outputs.bounded(heads, _OUTPUT_BYTES)
        size = 0
        for number, (head, row) in enumerate(zip(heads, shown, strict=True)):
            if row["generation_id"] not in made:
                continue
            output = made[row["generation_id"]]
            if output is None:
                row["output_omitted"] = True
                continue
            size += bytes_of(output)
            if size > _PAGE_BYTES:
                return number
            row["output"] = cast("schemas.Output", output)
            row.update(cast("schemas.ListedGeneration", self.outputs.reviewable(head, output)))
        return len(shown)

    def _page(self, owner: str, wanted: Filter, limit: int, after: str | None) -> tuple[list[Row], str | None]:
        found: list[Row] = []
        rescues, last = 0, after
        # Reading one more than shown tells whether there is a next page.
        page = limit + 1 if wanted.passes_all else _READ_AT_MOST
        for read, (generation_id, head) in enumerate(self.reads.newest(owner, after, page), start=1):
            if head and rescues < _RESCUE_AT_MOST and (healed := self.healer.heal(head)) is not None:
                head, rescues = healed, rescues + 1  # noqa: PLW2901 - as it now is
            if head and (row := self._row(head, wanted)) is not None:
                if len(found) == limit:
                    return found, last and cursor.encode(last)
                found.append((head, row))
            last = generation_id
            if read >= max(_READ_AT_MOST, page):  # before the next is read, and a page with it
                return found, cursor.encode(last)
        return found, None

    def _row(self, head: Generation, wanted: Filter) -> "schemas.ListedGeneration | None":
        """Return the shown head; None if the filter excludes it or it cannot be shown."""
        try:
            if not wanted.passes(head) or self.reads.expired(head):
                return None
            return cast("schemas.ListedGeneration", view(head, moving(head, self.clock.now(), self.settings)))
        except DAMAGED as error:
            about = {"generation_id": head.generation_id, "error": type(error).__name__}
            logger().error("a head cannot be shown", extra=about)
            return None
