"""How long a request to the table is tried for: in one place, a bounded number of times, and for a bounded time."""

from typing import Any, cast

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from shared.aws import clients
from shared.aws.clients import FOR_A_CALLER, FOR_A_HEARTBEAT, FOR_A_WORKER, Patience
from shared.domain.errors import StoreUnavailableError
from shared.store.table import Table
from tests.factories import FakeClock
from tests.wire import Wire

KEY = {"pk": {"S": "alice"}, "sk": {"S": "G#1"}}


def a_table(wire: Wire, clock: FakeClock, patience: Patience, config: Config = clients.ONE_SHORT_TRY) -> Table:
    return Table(wire.client(config), "t", clock, sleep=clock.pass_seconds, patience=patience)


@pytest.mark.parametrize("patience", [FOR_A_CALLER, FOR_A_WORKER, FOR_A_HEARTBEAT])
@pytest.mark.parametrize("status", [400, 500, 503])
def test_a_throttled_read_is_sent_a_few_times_and_given_up(patience: Patience, status: int, clock: FakeClock) -> None:
    code = "ThrottlingException" if status == 400 else "InternalServerError"
    wire = Wire(lambda: (status, {"__type": f"com.amazonaws.dynamodb#{code}", "message": "slow down"}))
    with pytest.raises(StoreUnavailableError, match=code):
        a_table(wire, clock, patience).get(KEY)
    assert 1 < wire.sent <= patience.tries, "botocore repeats nothing beneath"
    assert clock.monotonic() <= patience.seconds


@pytest.mark.parametrize("seconds", [0.1, 0.7, 1.5])
def test_a_table_that_answers_slowly_is_given_up_when_the_time_is_over(seconds: float, clock: FakeClock) -> None:
    def slow() -> tuple[int, dict[str, str]]:
        clock.pass_seconds(seconds)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    wire = Wire(slow)
    with pytest.raises(StoreUnavailableError, match="ReadTimeoutError"):
        a_table(wire, clock, FOR_A_CALLER).get(KEY)
    assert wire.sent >= 2, "once is no try of a lost answer"
    assert clock.monotonic() <= FOR_A_CALLER.seconds + seconds
    assert FOR_A_CALLER.seconds + cast(Any, clients.ONE_SHORT_TRY).read_timeout <= 3.5


def test_items_that_are_put_off_again_and_again_share_one_time(clock: FakeClock) -> None:
    """Each round was five separate tries of three requests each."""

    def put_off() -> tuple[int, dict[str, Any]]:
        clock.pass_seconds(0.3)
        return 200, {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": [KEY]}}}

    wire = Wire(put_off)
    with pytest.raises(StoreUnavailableError, match="UnprocessedKeys"):
        a_table(wire, clock, FOR_A_CALLER).get_many(KEY)
    assert wire.sent <= FOR_A_CALLER.tries
    assert clock.monotonic() <= FOR_A_CALLER.seconds + 0.3


def test_what_was_put_off_and_then_throttled_ends_within_the_same_time(clock: FakeClock) -> None:
    answers = [(200, {"UnprocessedItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}})]
    throttled = 400, {"__type": "ThrottlingException", "message": "slow down"}

    def one() -> tuple[int, dict[str, Any]]:
        clock.pass_seconds(0.45)
        return answers.pop() if answers else throttled

    wire = Wire(one)
    with pytest.raises(StoreUnavailableError):
        a_table(wire, clock, FOR_A_CALLER).delete_many([KEY])
    assert clock.monotonic() <= FOR_A_CALLER.seconds + 0.45 + 0.32


def test_what_passes_within_the_time_is_answered(clock: FakeClock) -> None:
    failures: list[Exception] = [EndpointConnectionError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")]

    def one() -> tuple[int, dict[str, Any]]:
        if failures:
            raise failures.pop()
        return 200, {"Item": KEY}

    wire = Wire(one)
    assert a_table(wire, clock, FOR_A_CALLER).get(KEY) == KEY
    assert wire.sent == 3


def test_what_no_try_can_change_is_not_tried_again(clock: FakeClock) -> None:
    def one() -> tuple[int, dict[str, Any]]:
        raise NoCredentialsError

    wire = Wire(one)
    with pytest.raises(StoreUnavailableError, match="NoCredentials"):
        a_table(wire, clock, FOR_A_CALLER).get(KEY)
    assert wire.sent == 1


def test_the_tables_own_client_repeats_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(clients, "_session", botocore.session.get_session)
    assert cast(Any, clients.dynamodb().meta.config).retries["total_max_attempts"] == 1
