"""A soak of some seconds, and its account: clean by itself, and with a finding for each fault planted in the
evidence."""

import copy
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.soak.account import judge
from tests.soak.evidence import Evidence
from tests.soak.owner import Accepted
from tests.soak.plan import draw_plan
from tests.soak.report import Told
from tests.soak.run import soak

SECONDS = 20.0

pytestmark = pytest.mark.timeout(900)  # a busy machine takes its time, and the soak waits for it


@pytest.fixture(scope="module")
def soaked() -> tuple[Told, Evidence]:
    return soak(20, SECONDS, lambda _line: None, impatient=True)


@pytest.fixture
def evidence(soaked: tuple[Told, Evidence]) -> Evidence:
    """One that a test may change."""
    return copy.deepcopy(soaked[1])


@pytest.fixture
def plain(evidence: Evidence) -> Accepted:
    """A generation that succeeded with one paid call that it has counted, and that no fault hit."""
    hurt = {generation_id for one in evidence.hurts for generation_id, _ in one.held}
    for accepted in evidence.accepted.values():
        head = evidence.head(accepted)
        paid = [call for call in evidence.calls.get(accepted.generation_id, []) if call["paid"]]
        whole = head is not None and head["status"] == "succeeded" and head["attempt"] == 1 and head["cost_usd"] > 0
        if whole and len(paid) == 1 and accepted.generation_id not in hurt:
            return accepted
    raise AssertionError("no generation of this soak was left alone")


def head_of(evidence: Evidence, accepted: Accepted) -> dict[str, Any]:
    head = evidence.head(accepted)
    assert head is not None
    return head


def test_one_seed_is_one_plan_and_another_is_another() -> None:
    assert draw_plan(3, 600.0) == draw_plan(3, 600.0) != draw_plan(4, 600.0)


def test_half_an_hour_is_planned_to_have_what_a_proof_needs() -> None:
    plan = draw_plan(1, 1800.0)
    counts = Counter(fault.name for fault in plan.faults)
    assert len(plan.sends) >= 1_050
    assert counts["kill"] >= 220
    assert counts["freeze"] >= 110
    assert counts["restart"] >= 10
    assert min(counts[name] for name in ("deny", "objects", "garbage", "zombie", "lose", "duplicate")) >= 9
    assert {fault.seconds for fault in plan.faults if fault.name == "zombie"} == {90.0}
    assert {send.order.kind for send in plan.sends} == {"flashcards", "assistant", "story", "image"}


def test_a_soak_hurts_a_running_stack_and_leaves_nothing_to_explain(soaked: tuple[Told, Evidence]) -> None:
    told, evidence = soaked
    assert told.off == []
    assert len(evidence.accepted) >= len(draw_plan(20, SECONDS).sends) >= 12
    assert sum(told.account.ends.values()) == len(evidence.accepted)
    struck = {name for name in told.faults if told.faults[name]}
    assert struck & {"freeze", "zombie"}
    assert struck >= {"kill", "restart", "sweep", "deny", "objects", "garbage"}
    assert told.account.paid_calls >= 10
    assert json.loads(json.dumps(told.as_json()))["generations"] == len(evidence.accepted)


def leave_open(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted)["status"] = "running"


def lose_it(evidence: Evidence, accepted: Accepted) -> None:
    evidence.items[accepted.owner].remove(head_of(evidence, accepted))


def forget_a_call(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted).update(paid_calls=0, prompt_tokens=0, completion_tokens=0, cost_usd=Decimal(0))


def count_a_call_twice(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted)["paid_calls"] += 1


def bill_another_sum(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted)["cost_usd"] += Decimal("0.0001")


def count_a_day_twice(evidence: Evidence, accepted: Accepted) -> None:
    next(item for item in evidence.items[accepted.owner] if item["sk"].startswith("U#"))["paid_calls"] += 1


def pay_twice(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted)["calls"] += 1
    evidence.calls[accepted.generation_id] *= 2


def call_without_leave(evidence: Evidence, accepted: Accepted) -> None:
    evidence.calls[accepted.generation_id].append(evidence.calls[accepted.generation_id][0] | {"paid": False})


def call_for_what_is_stored(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted)["calls"] += 1
    [call] = evidence.calls[accepted.generation_id]
    stored = float(evidence.of(accepted, "S#")[0]["stored_at"])
    evidence.calls[accepted.generation_id].append(call | {"paid": False, "received_at": stored + 0.01})


def call_with_another_key(evidence: Evidence, accepted: Accepted) -> None:
    evidence.calls[accepted.generation_id][0]["key_fingerprint"] = "0" * 8


def keep_a_key(evidence: Evidence, accepted: Accepted) -> None:
    evidence.items[accepted.owner].append({"pk": accepted.owner, "sk": f"Y#{accepted.generation_id}"})


def leave_it_in_the_index(evidence: Evidence, accepted: Accepted) -> None:
    head_of(evidence, accepted)["due_at"] = Decimal(1)


def show_another_end(evidence: Evidence, accepted: Accepted) -> None:
    evidence.accepted[accepted.generation_id].ended = {"status": "failed"}


def lose_the_output(evidence: Evidence, accepted: Accepted) -> None:
    for step in evidence.of(accepted, "S#"):
        evidence.items[accepted.owner].remove(step)


def end_it_late(evidence: Evidence, accepted: Accepted) -> None:
    head = head_of(evidence, accepted)
    head["finished_at"] = head["deadline_at"] + 100


def make_one_that_nobody_sent(evidence: Evidence, accepted: Accepted) -> None:
    evidence.items[accepted.owner].append(head_of(evidence, accepted) | {"sk": "G#nobody-sent-it"})


def give_up_its_message(evidence: Evidence, accepted: Accepted) -> None:
    body = json.dumps({"generation_id": accepted.generation_id, "fence": 1})
    evidence.dead_letters.append({"Body": body})
    head_of(evidence, accepted)["status"] = "pending"


def leave_what_nobody_sent(evidence: Evidence, _accepted: Accepted) -> None:
    evidence.queued.append({"Body": "not JSON, and not of this soak"})


def fail_for_its_storage(evidence: Evidence, accepted: Accepted) -> None:
    evidence.hurts[:] = [hurt for hurt in evidence.hurts if hurt.name not in ("deny", "objects", "restart")]
    error = {"code": "storage_unavailable", "message": "It was down."}
    head_of(evidence, accepted).update(status="failed", error=error)
    evidence.accepted[accepted.generation_id].ended = {"status": "failed"}


def complain(evidence: Evidence, _accepted: Accepted) -> None:
    evidence.complaints.append("AssertionError: the version went back")


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (leave_open, "is still running"),
        (lose_it, "is gone"),
        (forget_a_call, "usage of 0 calls"),
        (count_a_call_twice, "usage of 2 calls"),
        (bill_another_sum, "usage of 1 calls"),
        (count_a_day_twice, "paid_calls is"),
        (pay_twice, "paid more than"),
        (call_without_leave, "2 calls, and leave for 1"),
        (call_for_what_is_stored, "which was stored"),
        (call_with_another_key, "another key"),
        (keep_a_key, "key is still there"),
        (leave_it_in_the_index, "still has ['due_at']"),
        (show_another_end, "was shown as failed"),
        (lose_the_output, "output is not there"),
        (end_it_late, "after its deadline"),
        (make_one_that_nobody_sent, "never accepted"),
        (give_up_its_message, "a dead letter of a generation that is pending"),
        (leave_what_nobody_sent, "a message that nobody takes"),
        (fail_for_its_storage, "failed with storage_unavailable"),
        (complain, "the version went back"),
    ],
)
def test_what_is_planted_is_noticed(
    evidence: Evidence, plain: Accepted, plant: Callable[[Evidence, Accepted], None], said: str
) -> None:
    assert judge(evidence).off == []
    plant(evidence, plain)
    assert [line for line in judge(evidence).off if said in line], judge(evidence).off


def test_a_paid_call_that_is_not_told_is_explained_by_its_killed_worker_alone(
    evidence: Evidence, plain: Accepted
) -> None:
    forget_a_call(evidence, plain)
    evidence.items[plain.owner] = [item for item in evidence.items[plain.owner] if not item["sk"].startswith("U#")]
    untold = [line for line in judge(evidence).off if plain.generation_id in line]
    assert len(untold) == 1
    killed = next(one for one in evidence.hurts if one.name == "kill")
    evidence.hurts.append(copy.replace(killed, held=frozenset({(plain.generation_id, 1)})))
    account = judge(evidence)
    assert [line for line in account.off if plain.generation_id in line] == []
    assert account.explained["paid and not told: its worker had a kill"] >= 1
