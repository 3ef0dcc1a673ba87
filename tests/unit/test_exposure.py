"""The cost that one caller can cause: the arithmetic by hand, the template's limits, the units of the code's
requests."""

import json

import pytest

from operations import prices
from operations.command import main
from operations.cost import Counts
from operations.exposure import CALLS, Call, Exposure, exposures, rates
from operations.idle_cost import TEMPLATE

PUBLISHED = prices.read()


def test_a_day_is_the_rate_times_86400_calls() -> None:
    call = Call("x", "", False, Counts(api_calls=1))
    assert Exposure(call, rate=10, usd_a_million=1.0).usd_a_day == pytest.approx(0.864)


def test_the_rates_are_those_of_the_template() -> None:
    found = rates()
    assert found[""] == 200
    assert found["DELETE /v1/me"] == found["POST /v1/generations/{generation_id}/suggestions"] == 5
    assert found["GET /v1/generations"] == 50
    assert found["GET /v1/health"] == 10
    text = TEMPLATE.read_text()
    assert len(found) - 1 == text.count("ThrottlingRateLimit") - 2, "each but the defaults of both APIs"


def test_every_call_is_priced_and_none_without_a_token_costs_more_than_a_day_of_attention() -> None:
    found = exposures(PUBLISHED)
    assert {each.call for each in found} == set(CALLS)
    assert all(each.usd_a_day > 0 for each in found)
    assert max(each.usd_a_day for each in found if not each.call.token) < 50


def test_the_command_prints_the_table_and_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--abuse"]) == 0
    text = capsys.readouterr().out
    assert main(["cost", "--abuse", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told) == len(CALLS)
    for each in told:
        [line] = [line for line in text.splitlines() if each["call"][:50] in line]
        assert f"{each['usd_a_day']:,.2f}" in line
