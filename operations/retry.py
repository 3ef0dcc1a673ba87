"""Has what failed or was canceled tried again, many at once: for each what its owner's own retry would do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from operations.reading import Reader
from shared.aws.dispatch import Dispatch, DispatchFailedError
from shared.domain.clock import Clock
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Generation, GenerationInput, GenerationKey
from shared.domain.limits import Policy, policy_of
from shared.domain.rows import RETRY
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.rerun import successor_of, why_not_retryable
from shared.store import items
from shared.store.admission import Admission
from shared.store.damage import DAMAGED, named
from shared.store.whole import Store

_NO_CEILING = 1_000_000_000
_TRIES = 3
CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which generations: those that ended with `code`, an error's or `canceled`, from `since` on and before `until`."""

    code: str
    until: datetime
    since: datetime | None = None
    kind: str | None = None
    owner: str | None = None

    def names(self, head: Generation) -> bool:
        """Whether a head is meant, by nothing but itself."""
        ended_with = CANCELED if head.status is Status.CANCELED else head.error.code if head.error else None
        return (
            head.status in RETRY.sources
            and ended_with == self.code
            and self.kind in (None, head.kind)
            and self.owner in (None, head.user_id)
            and head.finished_at is not None
            and (self.since is None or head.finished_at >= self.since)
            and head.finished_at < self.until
        )


class RetryOutcome(StrEnum):
    """What becomes of one generation. `not_sent`: its successor is stored, and left to the sweeper."""

    RETRIED = "retried"
    NOT_SENT = "not_sent"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """One generation that was meant, what became of it, and the successor's id where there is one."""

    key: GenerationKey
    kind: str
    outcome: RetryOutcome
    reason: str = ""
    successor_id: str = ""


def unbound(settings: Settings) -> Policy:
    """Return a policy that refuses nobody and forgets nothing.

    The owner's windows stay as they are: what somebody else retries takes nothing of what the owner may start. And
    what is retried is counted as open, so that the owner's ceilings go on seeing it.
    """
    kept = {f"of {kind}": limit for kind, limit in policy_of(settings).limits.items()}
    return Policy(kept, max_running=_NO_CEILING)


@dataclass(frozen=True, slots=True)
class BulkRetry:
    """Of a generation there is at most one successor, whoever asks how often: begun again after an interruption it
    goes on with what is left."""

    reader: Reader
    store: Store
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    sleep: Callable[[float], None]

    def run(self, wanted: Wanted, *, act: bool, limit: int, per_second: float) -> Iterator[Line]:
        """Yield each generation that is meant with what became of it, and end after `limit` that were retried.

        With `act` False nothing is stored or sent, and `retried` stands for what would be. Raises
        StoreUnavailableError and botocore's errors.
        """
        retried, next_at = 0, self.clock.monotonic()
        for seen in self._meant(wanted):
            line = seen if isinstance(seen, Line) else self._safely(seen, wanted, act=act)
            if line is None:
                continue
            yield line
            if line.outcome is RetryOutcome.SKIPPED:
                continue
            retried += 1
            if retried >= limit:
                return
            if act and per_second > 0:
                next_at = max(next_at + 1 / per_second, self.clock.monotonic())
                self.sleep(max(0.0, next_at - self.clock.monotonic()))

    def _meant(self, wanted: Wanted) -> Iterator[Generation | Line]:
        found = self.reader.heads() if wanted.owner is None else self.reader.heads_of(wanted.owner)
        for item in found:
            try:
                head = items.decode_head(item)
            except DAMAGED as error:
                if item.get("status", {}).get("S", CANCELED) in RETRY.sources:
                    key = GenerationKey(item["pk"]["S"], item["sk"]["S"].removeprefix("G#"))
                    yield Line(key, "?", RetryOutcome.SKIPPED, f"Its head cannot be read: {named(error)}")
                continue
            if wanted.names(head):
                yield head

    def _safely(self, seen: Generation, wanted: Wanted, *, act: bool) -> Line | None:
        try:
            return self._one(seen, wanted, act=act)
        except DAMAGED as error:
            return _line(seen, RetryOutcome.SKIPPED, f"It is damaged: {named(error)}")

    def _one(self, seen: Generation, wanted: Wanted, *, act: bool) -> Line | None:
        """Return None for one that is not meant any more."""
        for _ in range(_TRIES):
            old = self.store.reads.get(seen.key)
            if old is None or not wanted.names(old):
                return None
            content = self.store.reads.readable_input(old.key)
            reason = self._reason(old, content)
            if content is None or reason is not None:
                return _line(old, RetryOutcome.SKIPPED, reason or "")
            if not act:
                return _line(old, RetryOutcome.RETRIED)
            try:
                return self._retry(old, content)
            except TransitionRefusedError:
                continue  # retried, or billed, between the read and the write: read again
        return _line(seen, RetryOutcome.SKIPPED, "It changes all the time.")

    def _reason(self, old: Generation, content: GenerationInput | None) -> str | None:
        if old.retried_as is not None:
            return "It was retried before."
        if old.own_key:
            return "It was made with its owner's own provider key, which went with its end."
        if self.store.erasure.erasure_not_before(old.user_id) is not None:
            return "Its owner is having everything erased."
        return why_not_retryable(old, content, self.settings)

    def _retry(self, old: Generation, content: GenerationInput) -> Line:
        new = successor_of(old, self.clock, self.settings)
        steps = partial(self.store.reads.readable_steps, old.key)
        given = replace(content, request_id="")  # no request of its owner's began it
        admitted = self.store.retries.retry(old, new, given, steps, Admission(unbound(self.settings)))
        if admitted.head is None:
            raise AssertionError("without a key, what was let in is new")
        try:
            self.dispatch.send(admitted.head, self.clock.now())
        except DispatchFailedError as failed:
            return _line(old, RetryOutcome.NOT_SENT, f"The queue did not take it: {failed}", admitted.generation_id)
        return _line(old, RetryOutcome.RETRIED, successor_id=admitted.generation_id)


def _line(head: Generation, outcome: RetryOutcome, reason: str = "", successor_id: str = "") -> Line:
    return Line(head.key, head.kind, outcome, reason, successor_id)
