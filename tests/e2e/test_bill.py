"""One generation of each kind uses as much of AWS as the cost model expects: units, requests, bytes of log."""

import math
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.bill import logs
from bench.bill.load import CALLS, Browser, Followed, Order
from bench.bill.meter import Call, Meter
from local.stack import LocalStack
from operations.footprint import ACCEPTED_LOG_BYTES, FOOTPRINTS, GENERATION_LOG_BYTES

PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def meter(stack: LocalStack) -> Iterator[Meter]:
    """No heartbeats, and no lease that ends, within what a test takes; the limits as they are shipped."""
    usual = {"HEARTBEAT_SECONDS": "120", "LEASE_SECONDS": "400", "DISPATCH_GRACE_SECONDS": "60"}
    limits = {"RATE_LIMITS": "*=5/300", "MAX_RUNNING": "10", "MAX_DAILY_SPEND_USD": "5"}
    with Meter(stack, **usual, **limits).on() as counting:
        yield counting


@pytest.fixture(scope="module")
def followed(stack: LocalStack, meter: Meter) -> dict[str, Followed]:  # noqa: ARG001 - it counts what is done here
    """One generation of each kind, followed to its end."""
    browser = Browser(stack, len(CALLS))
    try:
        sent = browser.send([Order(kind, 0.1) for kind in CALLS])
        return {each.order.kind: each for each in [future.result() for future in browser.follow(sent)]}
    finally:
        browser.close()


@pytest.mark.parametrize("kind", sorted(FOOTPRINTS))
def test_a_generation_uses_the_units_that_the_cost_model_expects(
    stack: LocalStack, meter: Meter, followed: dict[str, Followed], kind: str
) -> None:
    one = followed[kind]
    calls = [call for call in meter.of(one.order.owner) if not is_of_live(stack, call)]
    assert one.status == "succeeded"
    polled = [call for call in calls if call.function == "status"]
    made = [call for call in calls if call.function != "status"]
    assert sum(call.write_units + call.index_units for call in calls) == FOOTPRINTS[kind].write_units
    assert sum(call.index_units for call in calls) == 2  # into the due index and out of it
    assert sum(call.read_units for call in made) == FOOTPRINTS[kind].read_units
    assert sum(call.read_units for call in polled) <= one.polls + math.ceil(one.sent_bytes / 4096)
    assert sum(call.write_units for call in polled) == 0


def is_of_live(stack: LocalStack, call: Call) -> bool:
    """Whether a call is for connected owners: it is counted apart, and writes nothing."""
    return call.function == "push" or call.table == stack.live_table_name


@pytest.mark.parametrize("kind", sorted(FOOTPRINTS))
def test_where_nobody_is_connected_live_costs_a_look_at_the_connections_and_no_write(
    stack: LocalStack, meter: Meter, followed: dict[str, Followed], kind: str
) -> None:
    calls = [call for call in meter.of(followed[kind].order.owner) if is_of_live(stack, call)]
    assert {call.operation for call in calls} == {"Query"}
    assert {call.table for call in calls} == {stack.live_table_name}
    assert sum(call.write_units + call.index_units for call in calls) == 0
    pushed = [call for call in calls if call.function == "push"]
    steps = {"flashcards": 1, "story": 6, "image": 1, "assistant": 2}[kind]
    assert 1 <= len(pushed) <= 1 + CALLS[kind] + (steps - 1) + 1  # a claim, counts, advances, an end


@pytest.mark.parametrize("kind", sorted(FOOTPRINTS))
def test_a_generation_sends_one_message_and_no_request_more_than_its_steps_need(
    meter: Meter, followed: dict[str, Followed], kind: str
) -> None:
    asked = Counter(call.operation for call in meter.of(followed[kind].order.owner) if call.function != "status")
    steps = {"flashcards": 1, "story": 6, "image": 1, "assistant": 2}[kind]
    calls = FOOTPRINTS[kind].calls
    assert calls == CALLS[kind]
    assert asked["SendMessage"] == 1
    assert asked["TransactWriteItems"] == 2  # it comes, and it ends
    assert asked["PutItem"] == 1 + steps
    assert asked["UpdateItem"] == 1 + calls + (steps - 1)  # a claim, a count of each call, an advance between steps
    assert asked["S3 PUT"] == FOOTPRINTS[kind].object_writes
    assert asked["Encrypt"] + asked["Decrypt"] + asked["S3 GET"] == 0
    assert {call.status for call in meter.of(followed[kind].order.owner)} == {200}


def test_a_flashcards_generation_of_one_heartbeat_costs_twenty_write_units(
    meter: Meter, followed: dict[str, Followed]
) -> None:
    calls = meter.of(followed["flashcards"].order.owner)
    assert sum(call.write_units + call.index_units for call in calls) + 1 <= 20


def test_what_the_worker_logs_of_a_generation_is_what_the_cost_model_expects(
    stack: LocalStack, followed: dict[str, Followed]
) -> None:
    wanted, until = {each.generation_id for each in followed.values()}, time.monotonic() + PATIENCE_SECONDS
    while True:
        worked = [one for one in logs.invocations(stack, "process") if one.succeeded & wanted]
        if sum(len(one.succeeded) for one in worked) >= len(wanted):
            break
        assert time.monotonic() < until
        time.sleep(0.2)
    for one in worked:
        # Two lines of metrics for the invocation, and one more for each further kind.
        kinds = len({each.order.kind for each in followed.values() if each.generation_id in one.succeeded})
        assert one.own_bytes <= 640 + GENERATION_LOG_BYTES * len(one.succeeded) + 300 * (kinds - 1)


def test_what_create_logs_of_a_generation_is_what_the_cost_model_expects(
    stack: LocalStack, followed: dict[str, Followed]
) -> None:
    lines = [line for one in logs.invocations(stack, "create") for line in one.lines]
    for each in followed.values():
        [line] = [line for line in lines if each.generation_id in line]
        assert logs.event_bytes(line) <= ACCEPTED_LOG_BYTES


def test_a_poll_writes_no_line_of_its_own(stack: LocalStack, followed: dict[str, Followed]) -> None:
    assert followed
    lines = [line for one in logs.invocations(stack, "status") for line in one.lines]
    of_ours = [line for line in lines if any(each.generation_id in line for each in followed.values())]
    assert of_ours == []
