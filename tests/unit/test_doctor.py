"""The doctor finds each fault that is planted, that one alone, and in a table in full activity nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.process.key import UserKeys
from operations import report
from operations.findings import RULES
from shared.domain.clock import epoch_milliseconds, uuid7
from shared.domain.errors import GenerationError
from shared.domain.generation import GenerationKey
from shared.store.whole import Store
from tests.factories import START, FakeClock, a_generation
from tests.unit.planted import PLANTED, day_lapses, day_off, erasure_far
from tests.unit.ward import OWNER, WRITTEN, Ward, codes


@pytest.fixture
def ward(store: Store, dynamodb: Any, clock: FakeClock) -> Ward:
    return Ward.furnished(dynamodb, store, clock)


CASES = [pytest.param(code, plant, id=f"{code}-{n}") for code, all_ in PLANTED.items() for n, plant in enumerate(all_)]
OF_THE_DEPLOYMENT = {"sweeper_silent", "dead_letters", "index_stale", "moving", "object_gone"}


def test_in_a_table_in_full_activity_nothing_is_found(ward: Ward) -> None:
    found = ward.look()
    assert found.findings == []
    assert found.generations == {"pending": 3, "running": 1, "succeeded": 1, "failed": 2, "canceled": 1}
    assert (found.owners, found.indexed, found.complete, found.dead_letters) == (1, 4, True, 0)


def test_each_rule_has_a_fault_that_is_planted_here() -> None:
    assert set(PLANTED) | OF_THE_DEPLOYMENT == set(RULES)


@pytest.mark.parametrize(("code", "plant"), CASES)
def test_a_planted_fault_is_found_where_it_is_and_nothing_else(
    ward: Ward, code: str, plant: Callable[[Ward], str]
) -> None:
    item = plant(ward)
    found = ward.look()
    assert {(finding.rule.code, finding.item, finding.owner) for finding in found.findings} == {(code, item, OWNER)}
    told = report.doctor_text(found, show_owners=False) + json.dumps(report.doctor_json(found, show_owners=False))
    assert RULES[code].do in told
    assert not [written for written in WRITTEN if written in told], "neither who it is, nor what anybody wrote"


def test_a_successor_that_is_gone_is_found(ward: Ward) -> None:
    for key in [*ward.keys("K#"), f"S#{ward.retried.generation_id}#outline", f"G#{ward.retried.generation_id}"]:
        ward.delete(key)
    [finding] = ward.look().findings
    assert (finding.rule.code, finding.item) == ("retry_broken", f"G#{ward.failed.generation_id}")
    assert finding.detail == "its successor is missing"


def test_what_ended_without_a_time_is_found_and_missed_by_its_day(ward: Ward) -> None:
    ward.change(f"G#{ward.dismissed.generation_id}", "finished_at")
    assert codes(ward.look()) == ["ended_incomplete", "usage_without_heads"]


def test_a_terminal_heads_usage_is_held_to_its_steps_and_to_its_day(ward: Ward) -> None:
    ward.change(f"G#{ward.succeeded.generation_id}", cost_usd=Decimal("0.5"))
    assert codes(ward.look()) == ["usage_off_day", "usage_off_steps"]


def test_what_time_to_live_takes_in_any_order_is_no_fault(ward: Ward) -> None:
    for name in ("pending", "sealed", "running", "retried"):
        ward.store.endings.cancel(getattr(ward, name).key)
    ward.clock.pass_seconds(31 * 86_400)
    ward.swept()
    for key in [*ward.keys("K#"), *ward.keys("Y#"), *ward.keys("L#")]:
        ward.delete(key)
    # The heads first, then a step; the rest is still there.
    for key in ward.keys("G#")[:3]:
        ward.delete(key)
    ward.delete(ward.keys("S#")[0])
    assert ward.look().findings == []


def test_what_was_stored_for_a_generation_that_never_came_is_no_fault(ward: Ward) -> None:
    # By the clock that made its id the copied step was stored later.
    unborn = a_generation(ward.clock, user_id=OWNER, generation_id=uuid7(epoch_milliseconds(START), 1))
    ward.put(f"I#{unborn.generation_id}", content=b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9", model="m", prompt_version="1")
    for step in ward.store.reads.get_steps(ward.failed.key):
        ward.store.worker.store_step(unborn, step)
    assert ward.look().findings == []


def test_a_day_of_which_an_erasure_has_left_only_the_spend_is_not_added_up(ward: Ward) -> None:
    ward.store.erasure.keep_only_spend(OWNER)
    assert ward.look().findings == []


def test_an_erasure_under_way_is_no_fault(ward: Ward) -> None:
    ward.store.erasure.mark_erasure(OWNER, ward.clock.now() + timedelta(hours=1))
    ward.delete(ward.keys("C#")[0])
    ward.delete(f"G#{ward.failed.generation_id}")
    assert ward.look().findings == []


def test_the_code_that_a_missing_key_is_said_to_end_in_is_the_one_that_its_worker_raises(ward: Ward) -> None:
    [plant] = PLANTED["key_missing"]
    generation_id = plant(ward).removeprefix("G#")
    [finding] = ward.look().findings
    head = ward.store.reads.get(GenerationKey(OWNER, generation_id))
    assert head is not None
    with pytest.raises(GenerationError) as raised:
        UserKeys(ward.store.worker.user_keys, seal=None)(head)
    assert raised.value.code in finding.rule.do.split()[3]
    assert raised.value.code == "user_key_missing"


TIMES = ("created_at", "deadline_at", "due_at", "heartbeat_at", "not_before", "progress_at", "started_at", "expires_at")
ENDS_OF_TIME = ["253402300799", "32503680000", "9e20", "-9e20"]


@pytest.mark.parametrize("value", ENDS_OF_TIME)
def test_no_time_of_a_head_stops_the_look_and_each_is_named(ward: Ward, value: str) -> None:
    for name in TIMES:
        changes: Any = {name: Decimal(value)}
        ward.change(f"G#{ward.running.generation_id}", **changes)
        found = ward.look().findings
        assert f"G#{ward.running.generation_id}" in {finding.item for finding in found}, name


@pytest.mark.parametrize("value", [*ENDS_OF_TIME, "-62135596800", "0"])
def test_no_time_of_another_item_stops_the_look(ward: Ward, value: str) -> None:
    ward.put("X#erase", not_before=Decimal(value), expires_at=Decimal(value))
    for key in [*ward.keys("L#"), *ward.keys("U#"), *ward.keys("I#"), *ward.keys("S#"), *ward.keys("K#")]:
        ward.change(key, expires_at=Decimal(value), stored_at=Decimal(value), last_at=Decimal(value))
    ward.put("U#9999-12-31", generations=1)
    ward.put("G#ffffffff-ffff-7fff-bfff-ffffffffffff", status="failed")
    found = {finding.item for finding in ward.look().findings}
    assert {"U#9999-12-31", "G#ffffffff-ffff-7fff-bfff-ffffffffffff"} <= found


def test_an_erasure_that_no_lease_explains_hides_nothing_else(ward: Ward) -> None:
    erasure_far(ward)
    day_off(ward)
    assert codes(ward.look()) == ["far_time", "usage_off_day"]


def test_a_day_with_a_time_to_live_is_added_up_unless_an_erasure_stripped_it(ward: Ward) -> None:
    day_lapses(ward)
    day_off(ward)
    assert codes(ward.look()) == ["day_lapses", "usage_off_day"]


def test_an_object_that_is_gone_is_found_where_it_is_asked_for(ward: Ward) -> None:
    step = f"S#{ward.succeeded.generation_id}#cards"
    ward.change(step, result_object="a/b", content_object="c/d")
    assert ward.look().findings == []
    asked = list[str]()

    def has_object(key: str) -> bool:
        asked.append(key)
        return key != "a/b"

    [finding] = ward.look(has_object=has_object).findings
    assert (finding.rule.code, finding.item, finding.detail) == ("object_gone", step, "1 of 1 objects")
    assert "a/b" in asked
