"""Flows of several calls: learning of changes, waiting for the end, and reading pages."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from unstuck import operations
from unstuck.answers import retry_after_of, sent_at_of
from unstuck.errors import BadAnswerError, GenerationCanceledError, GenerationFailedError, UnstuckError
from unstuck.exchange import Conditions, exchange
from unstuck.flow import Answer, Flow, Request, Sleep, within
from unstuck.frames import PartialOutput, order
from unstuck.models import Card, GenerationDetail, ListedGeneration
from unstuck.statuses import Status

UNTOLD_SECONDS = 2.0  # an open generation comes with a hint; this is for a proxy that dropped it
_SOONEST_SECONDS, _LATEST_SECONDS = 0.1, 60.0
_PAGE = 50
_SOONEST_BY_HEADER_SECONDS = 0.5  # it is in whole seconds, so a zero does not ask for haste


type OnPartial = Callable[[PartialOutput], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A generation as last seen, and the state that the way of learning of changes needs to continue."""

    generation: GenerationDetail
    etag: str | None = None
    look_again_seconds: float = UNTOLD_SECONDS
    quiet_seconds: float = UNTOLD_SECONDS
    """The same while a live connection reports changes."""
    at: float = -math.inf
    """When it was seen, on the monotonic clock."""
    turn: int = 0
    """Which live connection was open then."""
    untold: bool = False
    """A look has found it, and the live connection has yet to report it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The result of a look. If nothing has changed, `generation` is the one that was seen."""

    generation: GenerationDetail
    etag: str | None
    hint_seconds: float
    sent_at: float
    """When the service answered, by its own clock, in epoch seconds."""


class Changes(Protocol):
    """How a client learns that a generation has changed."""

    def after(self, generation_id: str, seen: Seen | None, conditions: Conditions) -> Flow[Seen]:
        """Return the generation once it differs from `seen`, and never an older one; at once if `seen` is None."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls when the service's hint says so and not later, with the ETag of the last seen state.

    `at_most_seconds` shortens the pauses for callers that show progress. It only costs requests.
    """

    at_most_seconds: float = _LATEST_SECONDS

    def after(self, generation_id: str, seen: Seen | None, conditions: Conditions) -> Flow[Seen]:
        """Transient errors are retried (`Conditions.watching`), counted from the last answer."""
        pause = seen.look_again_seconds if seen else 0.0
        while True:
            if pause:
                yield Sleep(min(pause, self.at_most_seconds))
            looked = yield from self.look(generation_id, seen, conditions)
            pause = looked.hint_seconds
            if seen is None or looked.generation is not seen.generation:
                return Seen(looked.generation, looked.etag, pause)

    def look(self, generation_id: str, seen: Seen | None, conditions: Conditions) -> Flow[Looked]:
        """Look once, with as many tries as needed. A state older than `seen` is not a change."""
        headers = {"if-none-match": seen.etag} if seen and seen.etag else {}
        call = Request("GET", operations.path_of(generation_id), headers=headers)
        reading = partial(_looked, generation_id, seen)
        answer, found = yield from exchange(call, conditions, reading, conditions.watching, outlasts=True)
        hint, sent_at = _hint(answer, conditions) or UNTOLD_SECONDS, sent_at_of(answer) or conditions.around.now()
        if seen is None or found is not seen.generation:
            hint = bounded(found.poll_after_seconds or hint)
        if seen is not None and (found is seen.generation or order(found) < order(seen.generation)):
            return Looked(seen.generation, seen.etag, hint, sent_at)
        return Looked(found, answer.headers.get("etag"), hint, sent_at)

    def before(self, _generation_id: str, seconds: float, _conditions: Conditions) -> Flow[None]:
        """Wait before the first look at a newly created generation."""
        yield Sleep(seconds)

    def showing(self, _on_partial: OnPartial | None) -> Changes:
        """Return a source that also shows the text while the model writes. Polling does not have it."""
        return self


class Stream[Item](Protocol):
    """A series of items."""

    def take(self) -> Flow[Item | None]:
        """Return the next item; None after the last."""


@dataclass
class Watch:
    """A generation's changes in order; the last one is its end."""

    generation_id: str
    changes: Changes
    conditions: Conditions
    until: float | None = None
    """When to raise WaitTimeoutError, on the monotonic clock."""
    seen: Seen | None = None

    def take(self) -> Flow[GenerationDetail | None]:
        """Return the next change; None after the end."""
        if self.seen is not None and self.seen.generation.ended:
            return None
        flow = self.changes.after(self.generation_id, self.seen, self.conditions)
        try:
            self.seen = yield from self._in_time(flow)
        except UnstuckError as error:
            error.generation_id = self.generation_id
            raise
        return self.seen.generation

    def pause(self, seconds: float) -> Flow[None]:
        """Wait before the first look."""
        changes = self.changes if isinstance(self.changes, Polling) else Polling()
        yield from self._in_time(changes.before(self.generation_id, bounded(seconds), self.conditions))

    def _in_time[Result](self, flow: Flow[Result]) -> Flow[Result]:
        if self.until is None:
            return (yield from flow)
        around = self.conditions.around
        return (yield from within(flow, self.until - around.monotonic(), around, self.generation_id))


def watch(
    generation_id: str,
    changes: Changes,
    conditions: Conditions,
    timeout_seconds: float | None,
    on_partial: OnPartial | None = None,
) -> Watch:
    """Start to watch a generation; the timeout counts from now."""
    now = conditions.around.monotonic()
    changes = changes.showing(on_partial) if isinstance(changes, Polling) else changes
    return Watch(generation_id, changes, conditions, None if timeout_seconds is None else now + timeout_seconds)


@dataclass
class Pages[Item]:
    """The items of a list in order, page by page, until its end."""

    page: Callable[[str | None], Flow[tuple[list[Item], str | None]]]
    """Maps a cursor to the items of that page and the next cursor. An empty page need not be the last."""
    waiting: deque[Item] = field(default_factory=deque)
    cursor: str | None = None
    more: bool = True

    def take(self) -> Flow[Item | None]:
        """Return the next item; None after the last."""
        while not self.waiting and self.more:
            items, following = yield from self.page(self.cursor)
            if following is not None and following == self.cursor:
                raise BadAnswerError("a page leads to itself")
            self.waiting.extend(items)
            self.cursor, self.more = following, following is not None
        return self.waiting.popleft() if self.waiting else None


def feed(
    conditions: Conditions,
    session_id: str | None,
    status: Status | None,
    kind: str | None,
    fields: operations.Fields | None,
    page_size: int | None,
) -> Pages[ListedGeneration]:
    """Iterate over the caller's generations, newest first."""
    size = page_size or (_PAGE if fields is None else None)  # with outputs, the service's own number, which is smaller

    def page(cursor: str | None) -> Flow[tuple[list[ListedGeneration], str | None]]:
        found = yield from operations.generations(conditions, session_id, status, kind, fields, size, cursor)
        return found.generations, found.next_cursor

    return Pages(page)


def cards(conditions: Conditions, session_id: str | None, page_size: int) -> Pages[Card]:
    """Iterate over the caller's cards, newest first."""

    def page(cursor: str | None) -> Flow[tuple[list[Card], str | None]]:
        found = yield from operations.cards(conditions, session_id, page_size, cursor)
        return found.cards, found.next_cursor

    return Pages(page)


def wait(watching: Watch, check: bool) -> Flow[GenerationDetail]:
    """Return the generation once it has ended; with `check`, raise if it did not succeed."""
    found = yield from watching.take()
    while found is not None and not found.ended:
        found = yield from watching.take()
    if found is None:
        raise ValueError("it was watched to its end before")
    if check and found.status == "failed":
        raise GenerationFailedError(found)
    if check and found.status == "canceled":
        raise GenerationCanceledError(found)
    return found


def create_and_wait(
    request: operations.Body,
    changes: Changes,
    conditions: Conditions,
    idempotency_key: str | None,
    timeout_seconds: float | None,
    check: bool,
    on_partial: OnPartial | None = None,
) -> Flow[GenerationDetail]:
    """Create, then wait. The first look is when the service says. The timeout covers only the wait."""
    accepted = yield from operations.create(conditions, request, idempotency_key)
    watching = watch(accepted.generation_id, changes, conditions, timeout_seconds, on_partial)
    yield from watching.pause(accepted.retry_after_seconds or 0.0)
    return (yield from wait(watching, check))


def _looked(generation_id: str, seen: Seen | None, answer: Answer) -> tuple[Answer, GenerationDetail]:
    """Return the result of a look: the seen state, if nothing has changed."""
    if answer.status == 304 and seen is not None and seen.etag:
        return answer, seen.generation
    return answer, operations.detail_of(generation_id)(answer)


def _hint(answer: Answer, conditions: Conditions) -> float | None:
    seconds = retry_after_of(answer, conditions.around.now())
    return None if seconds is None else bounded(max(_SOONEST_BY_HEADER_SECONDS, seconds))


def bounded(seconds: float) -> float:
    return min(_LATEST_SECONDS, max(_SOONEST_SECONDS, seconds))
