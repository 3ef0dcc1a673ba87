"""A user's own figures, and the expected billed units of one generation. Pure."""

from dataclasses import dataclass

from operations import footprint as uses
from operations.cost import Counts
from operations.durations import Durations
from operations.footprint import footprint_of
from operations.polling import Reader
from shared import kinds


@dataclass(frozen=True, slots=True)
class Workload:
    """A deployment's generations: `model_seconds` on average each, `side_by_side` of them in one invocation.

    `polls` None means as many as a client that follows Retry-After makes. Memory in MB.
    """

    kind: str = "flashcards"
    model_seconds: float = 30.0
    sigma: float = 0.5
    side_by_side: int = 10
    polls: float | None = None
    worker_memory: int = 256
    http_memory: int = 1_024
    status_memory: int = 512
    heartbeat_seconds: float = 10.0
    longest_poll_seconds: float = 2.0
    own_keys: float = 0.0
    """The share of generations with a user's own provider key."""
    calls: int | None = None
    """Model calls of one generation of your own kind; None for one call."""
    live: float | None = None
    """The owner's open pages while a generation runs, with Live=enabled; None without Live."""

    @property
    def durations(self) -> Durations:
        return Durations(self.model_seconds, self.sigma)

    @property
    def polls_each(self) -> float:
        if self.polls is not None:
            return self.polls
        if self.live:
            return uses.LIVE_LOOKS
        reader = Reader(
            kinds.load(self.kind).limits.usual_seconds,
            self.heartbeat_seconds,
            4 * self.heartbeat_seconds,
            self.longest_poll_seconds,
            footprint_of(self.kind, self.calls).shows_progress,
        )
        return reader.mean_looks(self.durations)

    @property
    def invocation_seconds(self) -> float:
        """The billed duration of a worker's invocation: its slowest generation plus the overhead."""
        overhead = uses.overhead_seconds(self.side_by_side, self.worker_memory)
        return self.durations.longest_of(self.side_by_side) + overhead


def expected(workload: Workload) -> Counts:
    """Return the average use of one generation."""
    return created(workload) + polled(workload) + worked(workload) + pushed(workload)


def created(workload: Workload) -> Counts:
    seconds = uses.http_seconds(uses.CREATE_PROCESSOR_SECONDS, uses.CREATE_AWS_CALLS, workload.http_memory)
    return Counts(
        api_calls=1,
        invocations=1,
        http_gb_seconds=seconds * workload.http_memory / 1024,
        queue_requests=1,
        log_bytes=uses.ACCESS_LOG_BYTES + uses.CREATE_LOG_BYTES + uses.ACCEPTED_LOG_BYTES,
    )


def polled(workload: Workload) -> Counts:
    seconds = uses.http_seconds(uses.POLL_PROCESSOR_SECONDS, uses.POLL_AWS_CALLS, workload.status_memory)
    polls = workload.polls_each
    each = Counts(
        read_units=1,
        api_calls=1,
        invocations=1,
        http_gb_seconds=seconds * workload.status_memory / 1024,
        log_bytes=uses.ACCESS_LOG_BYTES + uses.POLL_LOG_BYTES,
    ).times(polls)
    # The last poll reads the output as well; the polls before it return the head.
    return each + Counts(read_units=1, sent_bytes=uses.POLL_SENT_BYTES * max(0.0, polls - 1))


def worked(workload: Workload) -> Counts:
    kind, side_by_side = footprint_of(workload.kind, workload.calls), workload.side_by_side
    beats = workload.durations.beats(workload.heartbeat_seconds)
    invocation = Counts(
        invocations=1,
        queue_requests=2,  # received and, at the end, deleted, up to ten at once
        worker_gb_seconds=workload.invocation_seconds * workload.worker_memory / 1024,
        log_bytes=uses.WORKER_LOG_BYTES,
    ).times(1 / side_by_side)
    return invocation + Counts(
        write_units=kind.write_units + beats * uses.BEAT_WRITE_UNITS + uses.OWN_KEY_WRITE_UNITS * workload.own_keys,
        read_units=kind.read_units + workload.own_keys,
        log_bytes=uses.GENERATION_LOG_BYTES,
        key_calls=uses.OWN_KEY_CALLS * workload.own_keys,
        object_writes=kind.object_writes,
        object_bytes=kind.object_bytes,
        sent_bytes=kind.sent_bytes,
        kept_bytes=kind.kept_bytes,
    )


def pushed(workload: Workload) -> Counts:
    """Return the extra use of live pages: a call of `push` for each change of the head, and the delivered messages.

    Opening a connection is not included: one connection serves all generations of two hours.
    """
    if workload.live is None:
        return Counts()
    kind, pages = footprint_of(workload.kind, workload.calls), workload.live
    changes = kind.head_changes + workload.durations.beats(workload.heartbeat_seconds)
    heard = min(1.0, pages)
    seconds = uses.http_seconds(uses.PUSH_PROCESSOR_SECONDS, 1, workload.http_memory)
    seconds += uses.AWS_CALL_SECONDS * (heard + pages)  # the head, and each message
    shown = min(kind.partial_messages, workload.model_seconds / uses.PARTIALS_SECONDS)
    looks = min(kind.partial_messages, workload.model_seconds / uses.PARTIALS_LOOK_SECONDS)
    return Counts(
        invocations=changes,
        push_gb_seconds=changes * seconds * workload.http_memory / 1024,
        stream_reads=changes,
        read_units=changes * (1 + heard) + looks,
        socket_messages=(changes + shown) * pages,
        socket_minutes=workload.model_seconds / 60 * pages,
        log_bytes=changes * uses.PUSH_LOG_BYTES,
    )
