"""The cost model: the billed units of one generation, and their prices. Pure; calls no AWS.

`bench/bill` passes measured counts, `unstuck cost` the counts expected from a user's own figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from operations.prices import Prices

GB = 1e9
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """The average use of one generation. Requests that several generations share count as fractions.

    `kept_bytes` and `object_bytes` are stored for a month, in the table and in the bucket.
    """

    write_units: float = 0.0
    read_units: float = 0.0
    queue_requests: float = 0.0
    api_calls: float = 0.0
    invocations: float = 0.0
    worker_gb_seconds: float = 0.0
    http_gb_seconds: float = 0.0
    log_bytes: float = 0.0
    key_calls: float = 0.0
    object_writes: float = 0.0
    object_reads: float = 0.0
    sent_bytes: float = 0.0
    push_gb_seconds: float = 0.0
    socket_messages: float = 0.0
    socket_minutes: float = 0.0
    stream_reads: float = 0.0
    kept_bytes: float = 0.0
    object_bytes: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def times(self, factor: float) -> "Counts":
        return Counts(*(getattr(self, each.name) * factor for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Meter:
    """How one count is billed: by which service, and at which prices."""

    service: str
    prices: Mapping[str, float]
    kept: bool = False
    """Whether it pays for storing and sending results, not for making them."""


METERS: Mapping[str, Meter] = {
    "worker_gb_seconds": Meter("Lambda, workers", {"gb_second": 1}),
    "http_gb_seconds": Meter("Lambda, HTTP", {"gb_second": 1}),
    "push_gb_seconds": Meter("Lambda, push", {"gb_second": 1}),
    "invocations": Meter("Lambda, requests", {"invocation": 1}),
    "write_units": Meter("DynamoDB, writes", {"write_unit": 1}),
    "read_units": Meter("DynamoDB, reads", {"read_unit": 1}),
    "api_calls": Meter("API Gateway", {"api_call": 1}),
    "socket_messages": Meter("WebSockets", {"socket_message": 1}),
    "socket_minutes": Meter("WebSockets", {"socket_minute": 1}),
    "stream_reads": Meter("DynamoDB, streams", {"stream_read": 1}),
    "queue_requests": Meter("SQS", {"queue_request": 1, "fair_queue_request": 1}),
    "log_bytes": Meter("CloudWatch, logs", {"log_gb": 1 / GB}),
    "key_calls": Meter("KMS", {"key_call": 1}),
    "object_writes": Meter("S3", {"object_write": 1}),
    "object_reads": Meter("S3", {"object_read": 1}),
    "kept_bytes": Meter("DynamoDB, storage", {"table_storage": 1 / GB, "table_recovery": 1 / GB}, kept=True),
    "object_bytes": Meter("S3, storage", {"object_storage": 1 / GB}, kept=True),
    "sent_bytes": Meter("Transfer out", {"transfer_gb": 1 / GB}, kept=True),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """US dollars by service. `made` is for making generations, `kept` for storing and sending their results."""

    made: Mapping[str, float]
    kept: Mapping[str, float]

    @property
    def made_usd(self) -> float:
        return sum(self.made.values())

    @property
    def usd(self) -> float:
        return self.made_usd + sum(self.kept.values())


def bill(counts: Counts, prices: Prices, generations: float = MILLION) -> Bill:
    """Return the cost of this many generations."""
    made: dict[str, float] = {}
    kept: dict[str, float] = {}
    for name, meter in METERS.items():
        each = sum(prices[price].each * amount for price, amount in meter.prices.items())
        into = kept if meter.kept else made
        into[meter.service] = into.get(meter.service, 0.0) + getattr(counts, name) * each * generations
    return Bill(made, kept)
