"""The material of the tests: a clock that they turn, generations, and a store with its own table."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from threading import RLock
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import JSONSerializer

from local.emulator import ACCESS_KEY
from shared.aws.clients import FOR_OBJECTS
from shared.domain.clock import epoch_milliseconds, uuid7
from shared.domain.generation import Generation, GenerationInput, StoredStep, Usage
from shared.domain.review import Decision, Review, ReviewChange, Wish, decide
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.store.ground import Ground
from shared.store.objects import Objects
from shared.store.table import Table
from shared.store.whole import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = Settings(
    table_name="unstuck",
    queue_url="queue",
    isolated_queue_url="alone",
    default_model="local/cards",
    allowed_models=("local/*",),
    image_model="local/image",
    bucket_name="unstuck-objects",
    owner_key="the key of a deployment that is only tested",
    llm_protocol="openrouter",
)
LONG_TEXT = "Enzymes are proteins that speed up reactions in the cell. " * 25


@dataclass
class FakeClock:
    """Time that only a test moves; tokens and ids that are counted."""

    moment: datetime = START
    seconds: float = 0.0
    # Begun anywhere: tests that share a table must not meet in it.
    count: int = field(default_factory=lambda: secrets.randbelow(1 << 32))

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def pass_seconds(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds

    def token(self) -> str:
        self.count += 1
        return f"t{self.count:015d}"

    def random(self) -> float:
        return 0.5

    def new_id(self) -> str:
        self.count += 1
        return uuid7(epoch_milliseconds(self.moment), self.count)


@dataclass
class RecordingDispatch:
    """Keeps what was sent; `fails` makes it refuse, as a queue without permission would."""

    sent: list[Generation] = field(default_factory=list)
    fails: bool = False

    def send(self, generation: Generation, _now: datetime) -> None:
        from shared.aws.dispatch import DispatchFailedError

        if self.fails:
            raise DispatchFailedError("AccessDenied")
        self.sent.append(generation)


def a_generation(clock: FakeClock, **changes: Any) -> Generation:
    """Return a new pending generation of a new owner, not stored yet."""
    generation_id = clock.new_id()
    generation = Generation(
        user_id=f"owner of {generation_id}",
        generation_id=generation_id,
        kind="flashcards",
        created_at=clock.now(),
        deadline_at=clock.now() + timedelta(seconds=900),
        create_op=clock.token(),
    )
    return replace(generation, **changes)


def an_end(
    status: Status = Status.SUCCEEDED, *, waited: float = 0.25, after: float = 3.5, cost: str = "0.01", **changes: Any
) -> Generation:
    """Return a generation that was claimed `waited` seconds after it was accepted, and has ended."""
    head = a_generation(FakeClock(), attempt=1, usage=Usage(1, 100, 50, Decimal(cost)))
    started, finished = (head.created_at + timedelta(seconds=seconds) for seconds in (waited, after))
    return replace(head, status=status, started_at=started, finished_at=finished, **changes)


def an_input(text: str = LONG_TEXT) -> GenerationInput:
    return GenerationInput({"source_text": text}, "local/cards", "1", "request")


def a_step(clock: FakeClock, name: str = "cards", position: int = 1, **changes: Any) -> StoredStep:
    step = StoredStep(
        name=name,
        position=position,
        result={"suggestions": [{"front": "What are enzymes?", "back": "Proteins that speed up reactions."}]},
        usage=Usage(1, 100, 50),
        call_id="gen-1",
        duration_seconds=1.5,
        stored_at=clock.now(),
        op=clock.token(),
    )
    return replace(step, **changes)


def an_acceptance(clock: FakeClock, head: Generation, before: Review | None = None, number: int = 1) -> ReviewChange:
    """Return the change that accepts a suggestion of `a_step`."""
    suggestion = {"front": "What are enzymes?", "back": "Proteins that speed up reactions."}
    wish = Wish(number, Decision.ACCEPTED)
    change = decide(head, [suggestion] * number, before or Review(), [wish], now=clock.now(), new_id=clock.new_id)
    assert change is not None, "accepted already"
    return change


def create_table(client: Any, name: str) -> None:
    """Create a table of the template's shape."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "due_shard", "AttributeType": "S"},
            {"AttributeName": "due_at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due_shard", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


def create_live_table(client: Any, name: str) -> None:
    """Create a table of the shape of the template's of open connections."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


def store_over(client: Any, clock: FakeClock, settings: Settings = SETTINGS) -> Store:
    table = Table(client, settings.table_name, clock, sleep=lambda _seconds: None)
    objects = Objects(lambda: s3_beside(client), settings.bucket_name, settings.owner_key)
    return Store(Ground(table, clock, settings, objects))


def s3_beside(client: Any) -> Any:
    """Return the S3 client of the place that a DynamoDB client leads to."""
    return _s3(client.meta.endpoint_url, client.meta.region_name)


@cache
def _s3(endpoint: str, region: str) -> Any:
    # moto takes any key, and answers for AWS alone.
    own = None if endpoint.endswith("amazonaws.com") else endpoint
    return _session().client("s3", region_name=region, endpoint_url=own, config=FOR_OBJECTS)


def create_bucket(client: Any) -> None:
    """Create the bucket beside the table."""
    s3, region = s3_beside(client), client.meta.region_name
    where: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    s3.create_bucket(Bucket=SETTINGS.bucket_name, **where)


@cache
def _session() -> boto3.Session:
    """A session reads and parses botocore's models of a service once: that takes most of a test."""
    return boto3.Session(ACCESS_KEY, ACCESS_KEY)


@contextmanager
def moto_dynamodb() -> Iterator[Any]:
    """Yield a DynamoDB client of moto with the table in it."""
    with mock_aws(), _one_at_a_time(), _items_as_they_are():
        client = _session().client("dynamodb", region_name="eu-central-1")
        create_table(client, SETTINGS.table_name)
        create_bucket(client)
        yield client


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let moto answer one call at a time: it keeps its tables in plain dictionaries, without a lock."""
    answer, lock = BotocoreStubber.__call__, RLock()

    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return answer(*args, **kwargs)

    with patch.object(BotocoreStubber, "__call__", locked):
        yield


@contextmanager
def _items_as_they_are() -> Iterator[None]:
    """Let moto write out the type that a value of an item has. It would look for every other type as well, under all of
    their names, which takes more than half of a test."""
    write = JSONSerializer._serialize_type_structure

    def written(self: JSONSerializer, into: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            into[key] = {}
            for name, found in value.items():
                self._serialize(into[key], found, shape.members[name], name)
        else:
            write(self, into, value, shape, key)

    with patch.object(JSONSerializer, "_serialize_type_structure", written):
        yield
