"""The cost of the same generation with other AWS services, by their published prices. Pure.

Each alternative includes the same HTTP API, and a row that is written when a generation is created, begins and ends.
Unknown costs are assumed to be as low as possible.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from operations.cost import Counts, bill
from operations.prices import Prices
from operations.workload import Workload, created, polled

POLL_SECONDS = 2.0
_ROW_WRITE_UNITS = 8  # the input of 3 KB and the result of 2 KB once each, and the row three times
_TRANSITIONS = 5  # start, store the row, call the model, store the result, end
_OPERATIONS = 3  # the execution, the model's step, the storing of the result
_CHECKPOINT_BYTES = 8_000  # the input, and what the two steps return
_RETAINED_MONTHS = 14 / 30  # by default
_OVERHEAD_SECONDS = 0.4
_LAMBDA_LOG_BYTES = 344 + 250


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative: US dollars for a million generations, the formula, and its source."""

    name: str
    usd: float
    formula: str
    source: str


def alternatives(workload: Workload, prices: Prices) -> Iterator[Alternative]:
    """Yield each alternative with its cost of a million generations, at the workload's model time, memory and polls."""
    each = {name: price.each * 1e6 for name, price in prices.items()}
    waiting = _million(_waiting(workload), prices)
    followed = _million(created(workload) + polled(workload) + Counts(write_units=_ROW_WRITE_UNITS), prices)
    transitions = _TRANSITIONS * each["state_transition"]
    functions = "https://docs.aws.amazon.com/step-functions/latest/dg/"
    yield Alternative(
        "Step Functions Standard, HTTP task",
        followed + transitions,
        f"{_TRANSITIONS} state transitions; shows no progress, and the model must answer within 60 s",
        f"https://aws.amazon.com/step-functions/pricing/, {functions}call-https-apis.html",
    )
    yield Alternative(
        "Step Functions Standard, Lambda task",
        followed + transitions + waiting,
        f"{_TRANSITIONS} state transitions, and a Lambda that waits for the model",
        "https://aws.amazon.com/step-functions/pricing/",
    )
    yield Alternative(
        "Lambda durable function",
        followed
        + waiting
        + _OPERATIONS * each["durable_operation"]
        + _CHECKPOINT_BYTES / 1e9 * (each["durable_written"] + _RETAINED_MONTHS * each["durable_retained"]),
        f"{_OPERATIONS} durable operations, {_CHECKPOINT_BYTES // 1000} KB of checkpoints kept for 14 "
        "days; the function waits inside the model's step",
        "https://aws.amazon.com/lambda/pricing/, https://docs.aws.amazon.com/lambda/latest/dg/durable-basic-concepts.html",
    )
    often = replace(workload, polls=workload.model_seconds / POLL_SECONDS + 0.5)
    row = Counts(write_units=_ROW_WRITE_UNITS)
    yield Alternative(
        f"One Lambda for each, polled every {POLL_SECONDS:g} s",
        _million(created(often) + polled(often) + row, prices) + waiting,
        f"a Lambda that waits for the model, {often.polls:g} polls; no recovery after a crash",
        "https://aws.amazon.com/lambda/pricing/",
    )


def _waiting(workload: Workload) -> Counts:
    seconds = workload.model_seconds + _OVERHEAD_SECONDS
    return Counts(
        invocations=1,
        worker_gb_seconds=seconds * workload.worker_memory / 1024,
        log_bytes=_LAMBDA_LOG_BYTES,
    )


def _million(counts: Counts, prices: Prices) -> float:
    return bill(replace(counts, queue_requests=0, sent_bytes=0), prices).made_usd
