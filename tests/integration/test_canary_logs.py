"""With a unique key, a unique phrase, and every logger at DEBUG, neither is in a line, message or item where it does
not belong. The code is real from the request to the last write; AWS is moto, in this process."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.create.service import CreateService
from functions.process.dependencies import Dependencies
from functions.process.ending import Handled
from functions.process.key import ServiceKey, UserKeys
from functions.process.provider import Provider
from functions.process.worker import Worker
from local.model_server import ModelServer
from shared import kinds
from shared.aws import silence
from shared.aws.dispatch import QueueMessage, SqsDispatch
from shared.aws.logs import logger
from shared.aws.sealing import Seal
from shared.domain.clock import SystemClock
from shared.domain.limits import Policy
from shared.http.response import respond
from shared.kinds.contract import Catalog
from shared.store.ground import Ground
from shared.store.marshalling import unmarshal
from shared.store.table import Table
from shared.store.whole import Store
from tests.canary import Secret
from tests.factories import LONG_TEXT, SETTINGS, create_table
from tests.unit.requests import a_request

REGION = "eu-central-1"
PARAMETER = "/unstuck/key"
PHRASE_BELONGS = {"I#", "S#"}
"""The items that hold what was sent in, and what was made of it."""


class Kept(logging.Handler):
    """Keeps everything in a record, including parts that a formatter would leave out."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {vars(record)!r}")

    def of(self, name: str) -> list[str]:
        return [line for line in self.lines if line.startswith(name)]


@contextmanager
def everything_logged() -> Iterator[Kept]:
    """Set every logger to DEBUG, as for somebody who wants to see everything."""
    kept, root = Kept(), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in sorted({*silence.TALKATIVE, *root.manager.loggerDict}))]
    before = [(each, each.level) for each in loggers]
    for each in loggers:
        # moto is the other end of the wire.
        each.setLevel(logging.WARNING if each.name.startswith("moto") else logging.DEBUG)
        each.addHandler(kept)
    try:
        yield kept
    finally:
        for each, level in before:
            each.setLevel(level)
            each.removeHandler(kept)


@dataclass
class House:
    """Both functions over a new account, and everything that they left in it."""

    server: ModelServer
    users: Secret = field(default_factory=Secret)
    ours: Secret = field(default_factory=Secret)
    phrase: Secret = field(default_factory=Secret)
    taken: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sqs = boto3.client("sqs", REGION)
        self.queue = self.sqs.create_queue(QueueName="queue")["QueueUrl"]
        self.settings = replace(SETTINGS, queue_url=self.queue, isolated_queue_url=self.queue)
        self.dynamodb = boto3.client("dynamodb", REGION)
        create_table(self.dynamodb, self.settings.table_name)
        clock = SystemClock()
        self.store = Store(Ground(Table(self.dynamodb, self.settings.table_name, clock), clock, self.settings))
        self.dispatch = SqsDispatch(lambda: self.sqs, self.queue, self.queue)
        kms = boto3.client("kms", REGION)
        seal = Seal(lambda: kms, kms.create_key()["KeyMetadata"]["Arn"])
        boto3.client("ssm", REGION).put_parameter(Name=PARAMETER, Value=self.ours.text, Type="SecureString")
        dependencies = Dependencies(
            self.store.worker,
            self.store.worker,
            Provider(self.server.base_url),
            ServiceKey(lambda: boto3.client("ssm", REGION), PARAMETER, SystemClock()),
            UserKeys(self.store.worker.user_keys, seal),
            clock,
            self.settings,
            time.sleep,
        )
        self.worker = Worker(dependencies, self.dispatch, "log-stream", Catalog(kinds.names, kinds.load))
        self.service = CreateService(self.store.admission, self.dispatch, clock, self.settings, Policy({}), seal)

    def create(self, model: str, **fields: Any) -> dict[str, Any]:
        """Ask for a generation whose text holds the phrase, and return the function's answer."""
        body = {"source_text": f"{LONG_TEXT} The {self.phrase.text} is a cell.", "model": model, **fields}
        event = {**a_request("alice", body).event, "routeKey": "POST /v1/generations"}
        return respond(event, {"POST /v1/generations": self.service.create})

    def work(self) -> Handled:
        """Have the worker take the message that is waiting."""
        [message] = self.sqs.receive_message(QueueUrl=self.queue)["Messages"]
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        self.taken.append(dict(message))
        return self.worker.handle(QueueMessage.from_json(message["Body"]), float("inf"))

    def items(self) -> list[dict[str, Any]]:
        return [unmarshal(item) for item in self.dynamodb.scan(TableName=self.settings.table_name)["Items"]]

    def messages(self) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=self.queue, VisibilityTimeout=0, MaxNumberOfMessages=10)
        return self.taken + [dict(message) for message in found.get("Messages", [])]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(), ModelServer() as server:
        logger()
        yield House(server)


ENDINGS = {
    "local/cards": "succeeded",
    "local/repair": "succeeded",
    "local/schema": "failed",
    "local/status:401": "failed",
    "local/status:402": "failed",
    "local/429": "pending",
    "local/cut": "pending",
    "local/error_in_stream": "pending",
}


@pytest.mark.parametrize("model", ENDINGS)
def test_neither_the_key_nor_the_phrase_is_logged_whatever_becomes_of_the_call(
    house: House, model: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with everything_logged() as kept:
        answer = house.create(model, user_provided_key=house.users.text)
        assert answer["statusCode"] == 202
        house.work()
    [head] = [item for item in house.items() if item["sk"].startswith("G#")]
    assert head["status"] == ENDINGS[model]
    assert kept.of("botocore.endpoint DEBUG"), "the requests were logged"
    assert kept.of("httpcore"), "and the call of the model"
    written = capfd.readouterr()
    for secret in (house.users, house.phrase):
        assert [line for line in kept.lines if secret.is_in(line)] == []
        assert not secret.is_in([written.out, written.err, answer, house.messages()])


@pytest.mark.parametrize("model", ENDINGS)
def test_the_key_is_in_no_item_and_the_phrase_only_where_it_belongs(house: House, model: str) -> None:
    house.create(model, user_provided_key=house.users.text)
    house.work()
    items = house.items()
    assert [item["sk"] for item in items if house.users.is_in(item)] == []
    assert {item["sk"][:2] for item in items if house.phrase.is_in(item)} <= PHRASE_BELONGS
    assert any(house.phrase.is_in(item) for item in items), "it can be found where it is"
    kept = {item["sk"][:2] for item in items if item["sk"].startswith("Y#")}
    assert kept == ({"Y#"} if ENDINGS[model] == "pending" else set()), "sealed, while it is needed"


def test_the_services_own_key_is_not_logged_either(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    with everything_logged() as kept:
        house.create("local/cards")
        house.work()
    assert house.server.ledger.calls[0].paid
    written = capfd.readouterr()
    assert not house.ours.is_in([*kept.lines, written.out, written.err])


def test_a_refused_body_shows_neither(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    with everything_logged() as kept:
        answers = [
            house.create("nobody/model", user_provided_key=house.users.text),
            house.create("local/cards", user_provided_key=house.users.text + " and a space"),
            house.create("local/cards", user_provided_key=house.users.text, extra=house.phrase.text),
        ]
    assert [answer["statusCode"] for answer in answers] == [400, 400, 400]
    written = capfd.readouterr()
    for secret in (house.users, house.phrase):
        assert not secret.is_in([*kept.lines, answers, written.out, written.err])


def test_without_the_silence_botocore_would_have_told_it(house: House) -> None:
    """This is what the tests above would find: they look in the right place."""
    quiet = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    try:
        with everything_logged() as kept:
            house.create("local/cards", user_provided_key=house.users.text)
            house.work()
            house.create("local/cards")
            house.work()
    finally:
        logging.setLogRecordFactory(quiet)
    assert [line for line in kept.of("botocore") if house.users.is_in(line)]
    assert [line for line in kept.of("botocore") if house.ours.is_in(line)]
