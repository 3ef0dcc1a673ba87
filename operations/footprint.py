"""The expected use of a generation of each kind, and of every call and invocation.

Counted on the local stack. `tests/e2e/test_bill.py` checks the units, requests and bytes there, and `bench/bill` prints
them beside its measurements.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

WHOLE_PROCESSOR_MB = 1_769
"""The memory, in MB, at which Lambda gives a whole processor. Less memory gives proportionally less.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """One generation that succeeds at its first attempt, with only its own items in the table.

    `write_units` without heartbeats and `read_units` without polls; `sent_bytes` without the polls that find it open.
    """

    write_units: int
    read_units: int
    calls: int
    sent_bytes: int
    kept_bytes: int
    head_changes: int = 3
    """After its create, without heartbeats: a claim, a count of each call, an advance between steps, its end."""
    partial_messages: int = 0
    """Messages of the text while it streams, to each open page. A fast model causes fewer."""
    shows_progress: bool = True
    object_writes: int = 0
    object_bytes: int = 0


FOOTPRINTS: Mapping[str, Footprint] = {
    # About 5,000 characters, an Idempotency-Key, labels of 36 characters; a story of 4 chapters; one picture.
    "flashcards": Footprint(
        write_units=19, read_units=5, calls=1, sent_bytes=3_930, kept_bytes=5_570, partial_messages=9
    ),
    "story": Footprint(
        write_units=35,
        read_units=5,
        calls=5,
        sent_bytes=12_060,
        kept_bytes=10_830,
        head_changes=12,
        partial_messages=5 * 9,
    ),
    "image": Footprint(
        write_units=16,
        read_units=5,
        calls=1,
        sent_bytes=1_930,
        kept_bytes=2_460,
        shows_progress=False,
        object_writes=1,
        object_bytes=1_500_000,
    ),
    "assistant": Footprint(write_units=19, read_units=5, calls=2, sent_bytes=1_790, kept_bytes=3_100, head_changes=5),
}


def footprint_of(kind: str, calls: int | None = None) -> Footprint:
    """Return the counts of a kind, or the expected counts of your own kind with `calls` calls, one for each step.

    An own kind counts as flashcards plus 4 write units for each further call: begun, stored, counted and recorded.
    """
    if kind in FOOTPRINTS:
        return FOOTPRINTS[kind]
    usual, calls = FOOTPRINTS["flashcards"], calls or 1
    writes, changes = usual.write_units + 4 * (calls - 1), usual.head_changes + 2 * (calls - 1)
    return replace(usual, calls=calls, write_units=writes, head_changes=changes, partial_messages=0)


POLL_SENT_BYTES = 740
OWN_KEY_WRITE_UNITS, OWN_KEY_CALLS = 4, 2
"""The extra use of a user's own provider key: put and deleted in transactions, encrypted and decrypted."""

BEAT_WRITE_UNITS = 1

# Bytes of log, with the 26 that CloudWatch adds to each event. Lambda's own follow each function's LoggingConfig.
ACCESS_LOG_BYTES = 223
CREATE_LOG_BYTES = 344
POLL_LOG_BYTES = 0
WORKER_LOG_BYTES = 344 + 640
"""Per invocation: Lambda's own, and the metrics."""
ACCEPTED_LOG_BYTES, GENERATION_LOG_BYTES = 320, 560
"""The log lines of a generation's create and end."""

AWS_CALL_SECONDS = 0.010
"""A call of another service that documents single-digit milliseconds."""
CREATE_PROCESSOR_SECONDS, CREATE_AWS_CALLS = 0.010, 5
POLL_PROCESSOR_SECONDS, POLL_AWS_CALLS = 0.004, 1

PUSH_PROCESSOR_SECONDS = 0.004
PUSH_LOG_BYTES = 0
LIVE_LOOKS = 1.7
"""Polls of a generation with live updates: one for its output, and a share of one when the page opens."""
PARTIALS_LOOK_SECONDS, PARTIALS_SECONDS = 2.0, 1.0
"""How often, at most, a streaming worker reads the connections and sends the text so far."""


def http_seconds(processor_seconds: float, aws_calls: int, memory_mb: float) -> float:
    """Return how long Lambda bills an HTTP function's call."""
    return processor_seconds * max(1.0, WHOLE_PROCESSOR_MB / memory_mb) + aws_calls * AWS_CALL_SECONDS


def overhead_seconds(generations: int, memory_mb: float) -> float:
    """Return how much longer than its slowest model call an invocation takes, from measurements at several sizes."""
    return 0.35 + 0.0095 * generations * max(1.0, WHOLE_PROCESSOR_MB / memory_mb)
