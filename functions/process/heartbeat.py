"""Renews a worker's lease during its work, and stops the work if it may not continue. Changes nothing else of the
head."""

import threading
from types import TracebackType
from typing import Self

from functions.process.provider import Cancellation
from shared.aws.logs import logger
from shared.domain.clock import Clock
from shared.domain.errors import DeadlinePassedError, HandoverError, LeaseLostError, StoreUnavailableError, UnstuckError
from shared.domain.generation import Generation
from shared.domain.rows.worker import Shown
from shared.store.worker import WorkerStore

FIRST_BEAT = 0.5
"""The share of an interval before the first heartbeat; the others follow after a whole interval."""
_STAGE_LENGTH = 40  # the head is billed by the kilobyte


class Heartbeat:
    """A thread that sends heartbeats for one claimed generation during the `with` block, and is joined at its end.

    Lambda would freeze a leftover thread and continue it in a later invocation. If the lease is lost, the deadline
    passes or the invocation is about to end, the thread closes the call in flight. `check` then raises the reason.
    """

    def __init__(
        self, store: WorkerStore, head: Generation, clock: Clock, heartbeat_seconds: float, handover_at: float
    ) -> None:
        self.cancellation = Cancellation()
        self.handover_at = handover_at
        self._store, self._head, self._clock = store, head, clock
        self._heartbeat_seconds = heartbeat_seconds
        self._progress, self._stage = head.progress, head.stage
        self._ended: UnstuckError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_stopped, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def progress(self) -> int:
        return self._progress

    @property
    def shown(self) -> Shown:
        """The values that the next write of the head shows."""
        return Shown(self._progress, self._stage)

    def show(self, percent: float, stage: str | None = None) -> None:
        """Show this with the next heartbeat. Progress never goes down, and stays below 100 until the end."""
        self._progress = max(self._progress, whole_percent(percent))
        self._stage = stage[:_STAGE_LENGTH] if stage else self._stage

    def check(self) -> None:
        """Raise the reason if the work must stop: LeaseLostError, DeadlinePassedError or HandoverError."""
        if self._ended is None and self._clock.monotonic() >= self.handover_at:
            self._end(HandoverError())
        if self._ended is not None:
            raise self._ended

    def _beat_until_stopped(self) -> None:
        # The first heartbeat comes early, because a call of a few seconds would otherwise show nothing before its end.
        next_beat = self._clock.monotonic() + self._heartbeat_seconds * FIRST_BEAT
        handover_at = self.handover_at
        while not self._stop.wait(max(0.0, min(next_beat, handover_at) - self._clock.monotonic())):
            if self._clock.monotonic() >= handover_at:
                self._end(HandoverError())
                handover_at = float("inf")  # the heartbeats still renew the lease while the work stops
            elif not self._beat():
                return
            else:
                next_beat = self._clock.monotonic() + self._heartbeat_seconds

    def _beat(self) -> bool:
        try:
            self._head = self._store.heartbeat(self._head, self._progress, self._stage)
        except (LeaseLostError, DeadlinePassedError) as error:
            self._end(error)
            return False
        except StoreUnavailableError as error:
            logger().warning("a heartbeat failed; the next follows", extra={"reason": str(error)})
        except Exception:  # noqa: BLE001 - an unexpected error must not end the thread and lose the lease
            logger().exception("a heartbeat failed unexpectedly; the next follows")
        return True

    def _end(self, reason: UnstuckError) -> None:
        if self._ended is None:
            self._ended = reason
        self.cancellation.cancel()


def whole_percent(percent: float) -> int:
    """Return the progress that an open generation shows: rounded down, from 0 to 99, and 0 for NaN."""
    return int(min(99, max(0, percent)))
