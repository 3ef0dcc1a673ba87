"""Learns of changes over a live connection, with polls underneath, which find what the connection misses."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from unstuck.account import LiveTicket
from unstuck.answers import read, sent_at_of
from unstuck.bell import Bell
from unstuck.errors import ClosedError, UnstuckError
from unstuck.exchange import Conditions, Patience, exchange
from unstuck.flow import RUNG, Answer, Flow, Request, Sleep
from unstuck.following import UNTOLD_SECONDS, Changes, Looked, OnPartial, Polling, Seen, bounded
from unstuck.frames import PartialOutput, order
from unstuck.live import Live
from unstuck.models import GenerationDetail

LATE_SECONDS = 3.0
"""A change that is not pushed within this time counts as missed."""
BEAT_SECONDS = 10.0
"""How often a worker sends a heartbeat, unless a deployment says otherwise."""
_PENDING_SECONDS = 10.0
_SHORTEST_TICKET_SECONDS, _LONGEST_TICKET_SECONDS = 2.0, 10.0
_DATE_SECONDS = 1.0  # a Date header is in whole seconds, rounded down


@dataclass(frozen=True, slots=True)
class Pushing(Polling):
    """Polls until the connection is open, and whenever it cannot be trusted. Never shows an end without its output.

    `at_most_seconds` applies only to the polls.
    """

    live: Live = field(kw_only=True)
    on_partial: OnPartial | None = None

    def showing(self, on_partial: OnPartial | None) -> Changes:
        """Return a source that also passes on the newest text while the model writes."""
        shown = _Shown(on_partial) if on_partial else None
        return replace(self, on_partial=shown)

    def before(self, generation_id: str, seconds: float, conditions: Conditions) -> Flow[None]:
        """Connect, and wait before the first poll. A push ends the wait."""
        monotonic = conditions.around.monotonic
        until = monotonic() + seconds
        with self.live.following(generation_id) as bell:
            while self.live.heard(generation_id).told is None and (left := until - monotonic()) > 0:
                yield from self._rest(left, bell, conditions)

    def after(self, generation_id: str, seen: Seen | None, conditions: Conditions) -> Flow[Seen]:
        """As `Polling` does, but also returns pushed changes of an open generation at once."""
        generation_id = generation_id.lower()
        with self.live.following(generation_id) as bell:
            while True:
                self._show(generation_id, seen)
                if (told := self._told(generation_id, seen)) is not None:
                    return told
                pause = self._due(generation_id, seen) - conditions.around.monotonic()
                if pause > 0:
                    yield from self._rest(pause, bell, conditions)
                    continue
                found = yield from self._looked(generation_id, seen, bell, conditions)
                if found is not None and (seen is None or found.generation is not seen.generation):
                    return found
                seen = found or seen

    def _due(self, generation_id: str, seen: Seen | None) -> float:
        """Return when to poll, on the monotonic clock."""
        if seen is None or seen.turn != self.live.turn:
            return -math.inf
        heard = self.live.heard(generation_id)
        if heard.told is not None and order(heard.told.generation) > order(seen.generation):
            # An end; a poll fetches its output.
            return heard.told_at if heard.told_at > seen.at else seen.at + UNTOLD_SECONDS
        if self.live.healthy:
            return seen.at + seen.quiet_seconds
        return seen.at + min(seen.look_again_seconds, self.at_most_seconds)

    def _rest(self, seconds: float, bell: Bell, conditions: Conditions) -> Flow[None]:
        """Wait for news, and ask for a ticket if it is time to."""
        wanted = self.live.wanted_in()
        if wanted == 0.0:
            yield from self._connect(seconds, conditions)
            return
        yield Sleep(seconds if wanted is None else min(seconds, wanted), until_news=bell)

    def _connect(self, seconds: float, conditions: Conditions) -> Flow[None]:
        """Ask for a ticket, and connect with it. A poll is due in `seconds`; this delays it by 2 at most."""
        if not self.live.claim():
            return
        within = min(_LONGEST_TICKET_SECONDS, max(_SHORTEST_TICKET_SECONDS, seconds))
        request = Request("POST", "/v1/live", within_seconds=within)
        try:
            ticket, lasts = yield from exchange(request, conditions, partial(_ticket, conditions), Patience(tries=1))
        except ClosedError:
            raise
        except UnstuckError as error:
            self.live.refused(error)
        else:
            self.live.admit(ticket.url, lasts)
        finally:
            self.live.release()

    def _looked(self, generation_id: str, seen: Seen | None, bell: Bell, conditions: Conditions) -> Flow[Seen | None]:
        """Poll. Return the state, which may be the one that was `seen`; None if a push arrived meanwhile."""
        if seen is not None and seen.untold and not self._has_told(seen.generation):
            self.live.missed()
        turn, trusted = self.live.turn, self.live.healthy
        looking = self.look(generation_id, seen, conditions)
        looked = yield from _interrupted(looking, bell, partial(self._told, generation_id, seen), conditions)
        if looked is None:
            return None
        found, late_in = looked.generation, math.inf
        stood = trusted and seen is not None and seen.turn == turn == self.live.turn
        if stood and seen is not None and order(found) > order(seen.generation):
            late_in = LATE_SECONDS - _age(found, looked)
        quiet, now = min(_quiet(found, looked), max(0.0, late_in)), conditions.around.monotonic()
        return Seen(found, looked.etag, looked.hint_seconds, quiet, now, turn, untold=late_in < math.inf)

    def _told(self, generation_id: str, seen: Seen | None) -> Seen | None:
        """Return the pushed state, if it is new and still open."""
        heard = self.live.heard(generation_id)
        told = heard.told
        if told is None or told.generation.ended:
            return None
        if seen is None and not (self.live.healthy and heard.turn == self.live.turn):
            return None  # an old push is not news to a new follower
        if seen is not None and order(told.generation) <= order(seen.generation):
            return None
        longest = BEAT_SECONDS + LATE_SECONDS if told.generation.status == "running" else _PENDING_SECONDS
        quiet = longest if told.look_after_seconds is None else min(longest, told.look_after_seconds)
        return Seen(told.generation, told.etag, UNTOLD_SECONDS, quiet, heard.told_at, heard.turn)

    def _has_told(self, found: GenerationDetail) -> bool:
        told = self.live.heard(found.generation_id).told
        return told is not None and order(told.generation) >= order(found)

    def _show(self, generation_id: str, seen: Seen | None) -> None:
        newest = self.live.heard(generation_id).partial
        if self.on_partial is None or newest is None or (seen is not None and newest.attempt < seen.generation.attempt):
            return
        self.on_partial(newest)


class _Shown:
    """Passes each partial on once."""

    def __init__(self, on_partial: OnPartial) -> None:
        self._on_partial = on_partial
        self._last: PartialOutput | None = None

    def __call__(self, newest: PartialOutput) -> None:
        if newest is not self._last:
            self._last = newest
            self._on_partial(newest)


def _quiet(found: GenerationDetail, looked: Looked) -> float:
    """Return in how many seconds to poll an open generation again, if its connection reports nothing until then."""
    if found.status != "running" or found.heartbeat_at is None:
        return min(looked.hint_seconds, _PENDING_SECONDS)
    beat_in = BEAT_SECONDS + LATE_SECONDS - (looked.sent_at - found.heartbeat_at.timestamp())
    if beat_in <= 0 or found.next_at is None:
        return looked.hint_seconds
    return bounded(min(beat_in, found.next_at.timestamp() - looked.sent_at - _DATE_SECONDS))


def _age(found: GenerationDetail, looked: Looked) -> float:
    """Return how long ago it changed, at least. A waiting generation has no such time: this very poll may have rescued
    it."""
    if found.status == "pending":
        return 0.0
    changed_at = max(filter(None, (found.created_at, found.started_at, found.heartbeat_at, found.finished_at)))
    return looked.sent_at - changed_at.timestamp()


def _ticket(conditions: Conditions, answer: Answer) -> tuple[LiveTicket, float]:
    """Read a ticket, and return how long its connection lasts, by the service's clock."""
    ticket = read(LiveTicket, answer)
    return ticket, ticket.ends_at - (sent_at_of(answer) or conditions.around.now())


def _interrupted[Result](
    flow: Flow[Result], bell: Bell, is_over: Callable[[], object], conditions: Conditions
) -> Flow[Result | None]:
    """Run a flow, but return None once `is_over` returns something while the flow pauses."""
    try:
        asked = next(flow)
        while True:
            try:
                if isinstance(asked, Sleep):
                    answer = yield from _slept(asked, bell, is_over, conditions)
                else:
                    answer = yield asked
            except UnstuckError as error:
                asked = flow.throw(error)
                continue
            if answer is RUNG:
                return None
            asked = flow.send(answer)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        flow.close()


def _slept(asked: Sleep, bell: Bell, is_over: Callable[[], object], conditions: Conditions) -> Flow[Answer]:
    """Pause for the requested time; unrelated news does not shorten it."""
    monotonic = conditions.around.monotonic
    until = monotonic() + asked.seconds
    while True:
        answer = yield replace(asked, seconds=max(0.0, until - monotonic()), until_news=bell)
        if answer is not RUNG or is_over():
            return answer
