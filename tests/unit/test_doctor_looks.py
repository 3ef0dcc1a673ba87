"""How the doctor looks at a table that lives: again before it says anything, no faster than it may, read only."""

from typing import Any

import pytest

from operations import findings, report
from operations.reading import Reader
from shared.store.marshalling import marshal
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock
from tests.unit.planted import card_left, day_off, key_left, late
from tests.unit.ward import OWNER, Ward, answering, codes

pytestmark = pytest.mark.any_kinds


@pytest.fixture
def ward(store: Store, dynamodb: Any, clock: FakeClock) -> Ward:
    return Ward.furnished(dynamodb, store, clock)


def test_what_a_torn_read_shows_is_read_again_before_it_is_said(ward: Ward) -> None:
    """A page of the scan was read before a generation ended, the next one after it."""
    ended: list[bool] = []

    def tear(_asked: Any, answer: Any) -> None:
        before = list(answer["Items"])
        if not ended:
            ended.append(True)
            ward.store.endings.cancel(ward.running.key)
            [day] = ward.keys("U#")
            after = ward.dynamodb.get_item(TableName=SETTINGS.table_name, Key=marshal({"pk": OWNER, "sk": day}))["Item"]
            answer["Items"] = [after if item["sk"]["S"] == day else item for item in before]

    with answering(ward.dynamodb, "Scan", tear):
        assert ward.look().findings == []
    assert ended


def test_of_an_owner_who_is_never_still_only_what_is_always_wrong_is_said(ward: Ward) -> None:
    ward.change(f"G#{ward.pending.generation_id}", due_shard="11")
    beats = iter(range(1, 1_000))

    def beat(_asked: Any, answer: Any) -> None:
        beaten = {"N": str(1_767_225_800 + next(beats))}
        changed = [{**item, "heartbeat_at": beaten} if "heartbeat_at" in item else item for item in answer["Items"]]
        answer["Items"] = changed

    with answering(ward.dynamodb, "Query", beat) as asked:
        assert codes(ward.look()) == ["moving", "wrong_shard"]
    assert len(asked) < 30


def test_an_owner_whose_items_come_in_pieces_is_judged_as_a_whole(ward: Ward) -> None:
    def shuffle(_asked: Any, answer: Any) -> None:
        mine = [item for item in answer["Items"] if item["pk"]["S"] == OWNER]
        rest = [item for item in answer["Items"] if item["pk"]["S"] != OWNER]
        answer["Items"] = [*mine[::2], *rest, *mine[1::2]]

    with answering(ward.dynamodb, "Scan", shuffle):
        assert ward.look().findings == []
    key_left(ward)
    with answering(ward.dynamodb, "Scan", shuffle):
        found = ward.look()
    assert codes(found) == ["key_outlives"]
    assert found.owners == 1


def test_a_fault_between_two_pieces_that_are_sound_each_by_itself_is_found(ward: Ward) -> None:
    """The day has no stored sum here; otherwise the account would be off in either piece."""
    ward.store.erasure.keep_only_spend(OWNER)
    ward.change(f"G#{ward.failed.generation_id}", "retried_as")
    new = ward.retried.generation_id

    def part(_asked: Any, answer: Any) -> None:
        mine = [item for item in answer["Items"] if item["pk"]["S"] == OWNER and "K#" not in item["sk"]["S"]]
        rest = [item for item in answer["Items"] if item["pk"]["S"] != OWNER]
        apart = [item for item in mine if new in item["sk"]["S"]]
        answer["Items"] = [*(item for item in mine if item not in apart), *rest, *apart]

    with answering(ward.dynamodb, "Scan", part):
        assert codes(ward.look()) == ["retry_broken"]


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "ended"])
@pytest.mark.parametrize(("looks", "found"), [(1, []), (2, ["index_stale"])], ids=["once", "twice"])
def test_an_index_that_lists_what_has_ended_is_looked_at_twice(
    ward: Ward, gone: bool, looks: int, found: list[str]
) -> None:
    left = iter(range(looks))
    listed = "G#gone" if gone else f"G#{ward.failed.generation_id}"

    def lag(asked: Any, answer: Any) -> None:
        if asked.get("IndexName") and ":shard" in asked["ExpressionAttributeValues"]:
            shard = asked["ExpressionAttributeValues"][":shard"]
            if shard == {"S": "3"} and next(left, None) is not None:
                answer["Items"] = [*answer["Items"], marshal({"pk": OWNER, "sk": listed, "due_at": 1})]

    with answering(ward.dynamodb, "Query", lag):
        assert codes(ward.look()) == found
    assert ward.slept == [3.0]


def test_a_sweeper_that_left_no_mark_for_too_long_is_found(ward: Ward) -> None:
    late(ward, 0)
    ward.store.endings.cancel(ward.pending.key)
    ward.clock.pass_seconds(179)
    assert ward.look().findings == []
    ward.clock.pass_seconds(2)
    [finding] = ward.look().findings
    assert (finding.rule, finding.detail) == (findings.SWEEPER_SILENT, "for 3 min 1 s")


def test_a_sweeper_that_never_ran_is_found_once_there_was_something_to_sweep(ward: Ward) -> None:
    ward.dynamodb.delete_item(TableName=SETTINGS.table_name, Key=marshal({"pk": "§system", "sk": "sweep"}))
    assert [finding.detail for finding in ward.look().findings] == ["it never has"]


def test_dead_letters_are_told(ward: Ward) -> None:
    ward.letters = 3
    [finding] = ward.look().findings
    assert (finding.rule, finding.detail) == (findings.DEAD_LETTERS, "3 messages")


def test_nothing_is_ever_written(ward: Ward) -> None:
    asked = []
    ward.dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name))
    for plant in (day_off, card_left, key_left):
        plant(ward)
    asked.clear()
    assert len(ward.look().findings) > 1
    assert set(asked) == {"Scan", "Query", "GetItem"}


def test_every_read_of_the_table_itself_is_strongly_consistent(ward: Ward) -> None:
    asked: list[Any] = []
    ward.dynamodb.meta.events.register("provide-client-params.dynamodb", lambda params, **_: asked.append(params))
    day_off(ward)
    asked.clear()
    ward.look()
    assert all(params.get("ConsistentRead") or params.get("IndexName") == "due" for params in asked)


def test_pages_are_read_no_faster_than_they_may_be(dynamodb: Any) -> None:
    clock, slept = FakeClock(), list[float]()

    def sleep(seconds_: float) -> None:
        slept.append(seconds_)
        clock.pass_seconds(seconds_)

    reader = Reader(dynamodb, SETTINGS.table_name, clock, pages_per_second=4, sleep=sleep)
    for _ in range(5):
        list(reader.scan())
    assert slept == [0.25] * 4


def test_a_limit_ends_the_look_and_the_report_says_so(ward: Ward) -> None:
    found = ward.look(limit=7)
    assert (found.items, found.complete) == (7, False)
    assert "the rest was not checked" in report.doctor_text(found, show_owners=False)
