"""Retries many failed or canceled generations at once, each as its owner's own retry would."""

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
    """The selected generations: those that ended with `code`, a failure code or `canceled`, from `since` on and before
    `until`."""

    code: str
    until: datetime
    since: datetime | None = None
    kind: str | None = None
    owner: str | None = None

    def names(self, head: Generation) -> bool:
        """Whether a head is selected."""
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
    """The outcome of one generation. `not_sent`: its successor is stored, and the sweeper will send it."""

    RETRIED = "retried"
    NOT_SENT = "not_sent"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """One selected generation, its outcome, and the successor's id if there is one."""

    key: GenerationKey
    kind: str
    outcome: RetryOutcome
    reason: str = ""
    successor_id: str = ""


def unbound(settings: Settings) -> Policy:
    """Return a policy that refuses nothing but still counts.

    The owner's rate windows stay unchanged: an operator's retry does not use up the owner's limit. Retried generations
    count as open, so the owner's spending limits include them.
    """
    kept = {f"of {kind}": limit for kind, limit in policy_of(settings).limits.items()}
    return Policy(kept, max_running=_NO_CEILING)


@dataclass(frozen=True, slots=True)
class BulkRetry:
    """A generation has at most one successor, however often it is retried. Run again after an interruption, this
    continues with the rest."""

    reader: Reader
    store: Store
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    sleep: Callable[[float], None]

    def run(self, wanted: Wanted, *, act: bool, limit: int, per_second: float) -> Iterator[Line]:
        """Yield each selected generation with its outcome, and stop after `limit` retries.

        With `act` False, nothing is stored or sent, and `retried` means "would be retried". Raises
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
        """Return None if it is no longer selected."""
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
                continue  # retried or billed between the read and the write; read again
        return _line(seen, RetryOutcome.SKIPPED, "It changed with every try. Run it again.")

    def _reason(self, old: Generation, content: GenerationInput | None) -> str | None:
        if old.retried_as is not None:
            return "It was already retried."
        if old.own_key:
            return "It used its owner's own provider key, which was deleted when it ended. Only its owner can retry it."
        if self.store.erasure.erasure_not_before(old.user_id) is not None:
            return "Its owner is erasing everything."
        return why_not_retryable(old, content, self.settings)

    def _retry(self, old: Generation, content: GenerationInput) -> Line:
        new = successor_of(old, self.clock, self.settings)
        steps = partial(self.store.reads.readable_steps, old.key)
        given = replace(content, request_id="")  # no request of its owner started it
        admitted = self.store.retries.retry(old, new, given, steps, Admission(unbound(self.settings)))
        if admitted.head is None:
            raise AssertionError("without a key, every admission is new")
        try:
            self.dispatch.send(admitted.head, self.clock.now())
        except DispatchFailedError as failed:
            return _line(old, RetryOutcome.NOT_SENT, f"The queue did not accept it: {failed}", admitted.generation_id)
        return _line(old, RetryOutcome.RETRIED, successor_id=admitted.generation_id)


def _line(head: Generation, outcome: RetryOutcome, reason: str = "", successor_id: str = "") -> Line:
    return Line(head.key, head.kind, outcome, reason, successor_id)
