"""The own rules of the bill's bench: read units, log bytes, and a pool that does not exist."""

import pytest

from bench.bill import logs
from bench.bill.pool import batches, pool
from bench.bill.units import item_bytes, read_units
from operations import footprint
from operations.durations import Durations


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    assert item_bytes({"pk": {"S": "alice"}}) == 7
    assert item_bytes({"n": {"N": "-12.5"}}) == 1 + 3
    assert item_bytes({"b": {"B": "AAEC"}}) == item_bytes({"b": {"B": b"\x00\x01\x02"}}) == 4
    assert item_bytes({"m": {"M": {"a": {"BOOL": True}}}}) == 1 + 3 + 1 + 2


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4_000, 1), (4_093, 1), (4_094, 2), (9_000, 3)])
def test_a_strong_read_is_a_unit_for_each_four_kilobytes(size: int, units: int) -> None:
    found = [{"big": {"S": "x" * size}}] if size else []
    assert read_units(found, strong=True) == units
    assert read_units(found, strong=False) == units / 2


def test_a_poll_logs_at_most_half_a_kilobyte() -> None:
    """Its line in the API's access log, and what Lambda writes by the function's LoggingConfig; its own are none."""
    assert logs.access_log_bytes() + logs.logged_by_lambda("status") <= 512


def test_what_lambda_logs_goes_by_the_functions_configuration() -> None:
    text, as_json = logs.platform_bytes({}), logs.platform_bytes({"LogFormat": "JSON"})
    assert 300 < text < as_json
    assert logs.platform_bytes({"LogFormat": "JSON", "SystemLogLevel": "WARN"}) == 0


def test_the_cost_model_knows_the_bytes_of_log_by_the_template() -> None:
    assert logs.access_log_bytes() == footprint.ACCESS_LOG_BYTES
    assert logs.logged_by_lambda("create") == footprint.CREATE_LOG_BYTES
    assert logs.logged_by_lambda("status") == footprint.POLL_LOG_BYTES
    assert footprint.WORKER_LOG_BYTES - logs.logged_by_lambda("process") == 640


def test_an_invocation_tells_what_it_wrote_and_whom_it_served() -> None:
    lines = ("plain", '{"message":"ended","status":"succeeded","generation_id":"g-1"}', '{"message":"other"}')
    found = logs.Invocation(lines, 1.5)
    assert found.own_bytes == sum(map(len, lines)) + 3 * logs.EVENT_OVERHEAD_BYTES
    assert found.succeeded == {"g-1"}


def test_ten_that_begin_together_share_a_wait_like_five() -> None:
    assert batches(Durations(30.0), 10).jobs == pytest.approx(5.0, abs=0.1)


def test_a_pool_that_is_refilled_for_ten_minutes_shares_it_like_nine_and_a_half() -> None:
    assert pool(Durations(30.0), 10, 600.0).jobs == pytest.approx(9.55, abs=0.1)
