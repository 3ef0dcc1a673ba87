"""The provider refuses, or asks to wait: the worker waits as asked, gives up as configured, and never calls too
early."""

import itertools
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from local.stack import LocalStack
from tests.e2e import faults, messages
from tests.e2e.owner import Owner, eventually

SQS_MAX_DELAY_SECONDS = 900


@pytest.fixture(scope="module")
def two_releases(stack: LocalStack) -> Iterator[None]:
    with faults.environment(stack, "process", MAX_RELEASES="2"):
        yield


@pytest.mark.usefixtures("two_releases")
def test_waiting_as_long_as_the_provider_says_does_not_count_as_a_failed_try(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/limited:4:1")
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 5)
    calls = faults.calls(stack, generation_id)
    waits = [later["received_at"] - call["finished_at"] for call, later in itertools.pairwise(calls)]
    assert len(waits) == 4
    assert min(waits) >= 1, "the provider was asked again before the time that it had named"


@pytest.mark.usefixtures("two_releases")
def test_a_provider_that_is_down_is_tried_as_often_as_configured(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/503")
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"], found["error"]["code"]) == ("failed", 3, "provider_unavailable")
    assert len(faults.calls(stack, generation_id)) == 3


def test_a_wait_that_would_outlast_the_deadline_is_refused_at_once(alice: Owner) -> None:
    generation_id = alice.submit("local/429:2000")
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"], found["error"]["code"]) == ("failed", 1, "provider_rate_limited")
    assert found["finished_at"] < found["deadline_at"]


def test_a_wait_longer_than_a_message_can_be_delayed_is_kept_and_a_message_that_comes_early_sent_on(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.environment(stack, "create", DEADLINE_SECONDS="4000"):
        generation_id = alice.submit("local/429:1800")
    waiting = alice.wait_for(generation_id, lambda found: "not_before" in found)
    assert waiting["status"] == "pending"
    head = faults.head(stack, alice.name, generation_id)
    [call] = faults.calls(stack, generation_id)
    assert 1800 <= head["not_before"] - Decimal(str(call["received_at"])) < 1810
    assert head["due_at"] >= head["not_before"], "nobody needs to look before it is time"
    [delayed] = queued(stack, generation_id)
    assert abs(messages.delay_seconds(delayed) - SQS_MAX_DELAY_SECONDS) <= 1

    # After the longest delay the time has not come: what remains is waited for with another message.
    message = messages.body(alice.name, generation_id, int(head["fence"]))
    early = messages.send(stack, message)
    sent_on = new_message(stack, generation_id, {delayed["MessageId"], early})
    assert abs(messages.delay_seconds(sent_on) - SQS_MAX_DELAY_SECONDS) <= 1
    faults.change_head(stack, alice.name, generation_id, {"not_before": now() + 300})
    early = messages.send(stack, message)
    sent_on = new_message(stack, generation_id, {delayed["MessageId"], sent_on["MessageId"], early})
    assert 299 <= messages.delay_seconds(sent_on) <= 302
    assert len(faults.calls(stack, generation_id)) == 1

    # And a deadline that comes while it waits ends it.
    faults.change_head(stack, alice.name, generation_id, {"deadline_at": now()})
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["error"]["code"]) == ("failed", "deadline_exceeded")


def now() -> Decimal:
    return Decimal(str(round(time.time(), 3)))


def queued(stack: LocalStack, generation_id: str) -> list[dict[str, Any]]:
    return messages.in_queue(stack, stack.queue_url, generation_id)


def new_message(stack: LocalStack, generation_id: str, known: set[str]) -> dict[str, Any]:
    """Wait until the last of `known` is done with and return the one that took its place."""

    def look() -> list[dict[str, Any]]:
        return [message for message in queued(stack, generation_id) if message["MessageId"] not in known]

    [found] = eventually(look, lambda new: len(new) == 1)
    return found
