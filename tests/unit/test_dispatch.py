"""The queue message: what it says, what is refused, where and when it is sent."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from shared.aws.dispatch import MESSAGE_VERSION, DispatchFailedError, QueueMessage, SqsDispatch, delay_seconds
from shared.domain.errors import MessageRefusedError
from shared.domain.generation import Generation
from shared.domain.pseudonym import keyed_hash
from tests.factories import START, FakeClock, a_generation

GOOD = {"v": 1, "user_id": "alice", "generation_id": "g-1", "fence": 3}
ATTRIBUTES: Any = ["All"]


@given(st.text(min_size=1, max_size=100), st.text(min_size=1, max_size=100), st.integers(1, 10**9))
@settings(deadline=None)
def test_a_message_comes_back_as_it_was_written(user_id: str, generation_id: str, fence: int) -> None:
    message = QueueMessage(user_id, generation_id, fence)
    assert QueueMessage.from_json(message.to_json()) == message


def test_a_message_says_its_version_and_nothing_but_which_generation_and_fence() -> None:
    assert json.loads(QueueMessage("alice", "g-1", 3).to_json()) == GOOD


PARTS = [json.dumps({name: value for name, value in GOOD.items() if name != gone}) for gone in GOOD]


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "7", "null", '"text"', "{}", *PARTS])
def test_what_is_no_message_of_ours_is_refused(body: str) -> None:
    with pytest.raises(MessageRefusedError, match="not a message of Unstuck"):
        QueueMessage.from_json(body)


@pytest.mark.parametrize("version", [MESSAGE_VERSION + 1, 0, -1, True, "1", None, 1.0, []])
def test_a_message_of_a_newer_version_or_of_none_is_refused(version: object) -> None:
    with pytest.raises(MessageRefusedError, match="this code reads up to 1"):
        QueueMessage.from_json(json.dumps(GOOD | {"v": version}))


@pytest.mark.parametrize("name", ["user_id", "generation_id"])
@pytest.mark.parametrize("value", [7, None, ["alice"], {"S": "alice"}, True])
def test_ids_that_are_no_texts_are_refused(name: str, value: object) -> None:
    with pytest.raises(MessageRefusedError, match="ids are not strings"):
        QueueMessage.from_json(json.dumps(GOOD | {name: value}))


@pytest.mark.parametrize("fence", ["3", None, 3.0, True, False, [3]])
def test_a_fence_that_is_no_whole_number_is_refused(fence: object) -> None:
    with pytest.raises(MessageRefusedError, match="fence is not a number"):
        QueueMessage.from_json(json.dumps(GOOD | {"fence": fence}))


@pytest.mark.parametrize(
    ("seconds", "delay"),
    [(None, 0), (-5, 0), (0, 0), (0.001, 1), (1, 1), (1.001, 2), (899.5, 900), (900, 900), (901, 900), (86_400, 900)],
)
def test_a_delay_is_rounded_up_to_whole_seconds_and_no_longer_than_sqs_takes(seconds: float | None, delay: int) -> None:
    not_before = None if seconds is None else START + timedelta(seconds=seconds)
    assert delay_seconds(not_before, START) == delay


@given(st.integers(0, 900_000))
@settings(deadline=None)
def test_no_message_comes_before_its_time(milliseconds: int) -> None:
    delay = delay_seconds(START + timedelta(milliseconds=milliseconds), START)
    assert 0 <= delay * 1000 - milliseconds < 1000


class Queues:
    """Two queues of moto's, and the sender to them."""

    def __init__(self) -> None:
        self.client = boto3.client("sqs", region_name="eu-central-1")
        self.shared, self.alone = (self.client.create_queue(QueueName=name)["QueueUrl"] for name in ("many", "one"))
        self.dispatch = SqsDispatch(lambda: self.client, self.shared, self.alone, "key")

    def received(self, url: str) -> list[Any]:
        found = self.client.receive_message(QueueUrl=url, AttributeNames=ATTRIBUTES, MaxNumberOfMessages=10)
        return list(found.get("Messages", []))


@pytest.fixture
def queues() -> Iterator[Queues]:
    with mock_aws():
        yield Queues()


@pytest.fixture
def pending(clock: FakeClock) -> Generation:
    return replace(a_generation(clock), fence=4)


def test_a_generation_is_sent_to_the_queue_that_shares_batches(queues: Queues, pending: Generation) -> None:
    queues.dispatch.send(pending, START)
    (message,) = queues.received(queues.shared)
    assert QueueMessage.from_json(message["Body"]) == QueueMessage(pending.user_id, pending.generation_id, 4)
    assert queues.received(queues.alone) == []


def test_one_that_a_worker_died_with_is_sent_to_the_queue_that_shares_none(queues: Queues, pending: Generation) -> None:
    queues.dispatch.send(replace(pending, isolated=True), START)
    assert len(queues.received(queues.alone)) == 1
    assert queues.received(queues.shared) == []


def test_an_owners_messages_are_grouped_by_a_hash_that_does_not_name_them(queues: Queues, pending: Generation) -> None:
    owners = ["Ö. de la Cruz <mail@example.org>" * 4, "bob", "bob"]
    for owner in owners:
        queues.dispatch.send(replace(pending, user_id=owner), START)
    groups = [message["Attributes"]["MessageGroupId"] for message in queues.received(queues.shared)]
    assert sorted(groups) == sorted(keyed_hash(owner, "key") for owner in owners)


def test_a_message_is_delayed_to_not_before(
    queues: Queues, pending: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(queues.client, "send_message", lambda **arguments: sent.append(arguments))
    queues.dispatch.send(replace(pending, not_before=START + timedelta(seconds=4.2)), START)
    queues.dispatch.send(pending, START)
    assert [arguments["DelaySeconds"] for arguments in sent] == [5, 0]


def test_a_queue_that_is_gone_is_a_failed_dispatch(queues: Queues, pending: Generation) -> None:
    queues.client.delete_queue(QueueUrl=queues.shared)
    with pytest.raises(DispatchFailedError):
        queues.dispatch.send(pending, START)


def test_a_service_that_is_not_to_be_reached_is_a_failed_dispatch_that_names_the_reason(pending: Generation) -> None:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    nowhere = "http://127.0.0.1:1"
    client = boto3.client("sqs", region_name="eu-central-1", endpoint_url=nowhere, config=config)
    with pytest.raises(DispatchFailedError, match="EndpointConnectionError"):
        SqsDispatch(lambda: client, f"{nowhere}/queue", f"{nowhere}/alone").send(pending, START)
