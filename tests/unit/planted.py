"""One or more faults for each of the doctor's rules about an item, each with the place where the doctor must find
it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared.store.marshalling import expiry, marshal, to_epoch
from tests.factories import SETTINGS, a_step
from tests.unit.ward import OWNER, Ward


def head_of(name: str) -> Callable[[Ward], str]:
    return lambda ward: f"G#{getattr(ward, name).generation_id}"


def late(ward: Ward, seconds_late: float) -> None:
    """Let time pass while the sweeper runs and finds nothing."""
    for name in ("pending", "sealed", "running", "retried"):
        ward.store.endings.cancel(getattr(ward, name).key)
    ward.pending = ward.create()
    ward.clock.pass_seconds(seconds_late)
    ward.swept()


def sent_often_and_silent(ward: Ward) -> str:
    late(ward, 0)
    head = ward.claim(ward.pending)
    ward.change(f"G#{head.generation_id}", due_at=to_epoch(head.deadline_at))
    ward.clock.pass_seconds(300)
    ward.swept()
    return f"G#{head.generation_id}"


def overdue(ward: Ward) -> str:
    late(ward, 900 + 181)
    return f"G#{ward.pending.generation_id}"


def unattended(ward: Ward) -> str:
    late(ward, 60 + 181)
    return f"G#{ward.pending.generation_id}"


def planted(name: str, *removes: str, **sets: Any) -> Callable[[Ward], str]:
    """Change the head of one of the ward's generations."""

    def plant(ward: Ward) -> str:
        ward.change(head_of(name)(ward), *removes, **sets)
        return head_of(name)(ward)

    return plant


def due_late(ward: Ward) -> str:
    head = ward.pending
    ward.change(f"G#{head.generation_id}", due_at=to_epoch(head.deadline_at + timedelta(seconds=90)))
    return f"G#{head.generation_id}"


def step_lost(ward: Ward) -> str:
    ward.delete(f"S#{ward.running.generation_id}#outline")
    return f"G#{ward.running.generation_id}"


def day_off(ward: Ward) -> str:
    [day] = ward.keys("U#")
    ward.change(day, cost_usd=Decimal(7))
    return day


def heads_lost(ward: Ward) -> str:
    for prefix in ("G#", "K#", "S#"):
        for key in ward.keys(prefix):
            if prefix == "K#" or ward.dismissed.generation_id in key:
                ward.delete(key)
    return ward.keys("U#")[0]


def key_left(ward: Ward) -> str:
    key = f"Y#{ward.succeeded.generation_id}"
    ward.put(key, sealed=b"sealed", expires_at=expiry(ward.succeeded.deadline_at))
    return key


def key_lost(ward: Ward) -> str:
    ward.delete(f"Y#{ward.sealed.generation_id}")
    return f"G#{ward.sealed.generation_id}"


def head_lost(ward: Ward) -> str:
    late(ward, 0)
    for key in ward.keys("K#"):
        ward.delete(key)
    head = ward.claim(ward.pending)
    ward.clock.pass_seconds(50)
    ward.store.worker.store_step(head, a_step(ward.clock))
    ward.delete(f"G#{head.generation_id}")
    return f"S#{head.generation_id}#cards"


def request_lost(ward: Ward) -> str:
    ward.delete(f"G#{ward.pending.generation_id}")
    [key] = [key for key in ward.keys("K#") if _request_of(ward, key) == ward.pending.generation_id]
    return key


def _request_of(ward: Ward, key: str) -> str:
    item = ward.dynamodb.get_item(TableName=SETTINGS.table_name, Key=marshal({"pk": OWNER, "sk": key}))["Item"]
    return str(item["generation_id"]["S"])


def successor_forgets(ward: Ward) -> str:
    ward.change(f"G#{ward.retried.generation_id}", "retry_of")
    return f"G#{ward.failed.generation_id}"


def predecessor_forgets(ward: Ward) -> str:
    ward.change(f"G#{ward.failed.generation_id}", "retried_as")
    return f"G#{ward.retried.generation_id}"


def card_lost(ward: Ward) -> str:
    ward.delete(ward.keys("C#")[0])
    return f"R#{ward.succeeded.generation_id}"


def card_left(ward: Ward) -> str:
    ward.delete(f"R#{ward.succeeded.generation_id}")
    return ward.keys("C#")[0]


def review_unmarked(ward: Ward) -> str:
    ward.change(f"G#{ward.succeeded.generation_id}", "reviewed")
    return f"R#{ward.succeeded.generation_id}"


def input_garbled(ward: Ward) -> str:
    ward.change(f"I#{ward.pending.generation_id}", content=b"no zlib")
    return f"I#{ward.pending.generation_id}"


def from_tomorrow(ward: Ward) -> str:
    ward.change(f"S#{ward.succeeded.generation_id}#cards", schema_version=99)
    return f"S#{ward.succeeded.generation_id}#cards"


def foreign(ward: Ward) -> str:
    ward.put("Z#somebody's", text="anything")
    return "Z#somebody's"


def never_swept(ward: Ward) -> str:
    key = f"E#{ward.failed.generation_id}#0000000003"
    ward.change(key, expires_at=expiry(ward.clock.now() - timedelta(days=8)))
    return key


def limit_kept(ward: Ward) -> str:
    ward.change("L#create", "expires_at")
    return "L#create"


def open_lapses(ward: Ward) -> str:
    ward.change(f"G#{ward.pending.generation_id}", expires_at=expiry(ward.clock.now() - timedelta(days=1)))
    return f"G#{ward.pending.generation_id}"


def deadline_far(ward: Ward) -> str:
    far = ward.clock.now() + timedelta(days=300)
    ward.change(f"G#{ward.pending.generation_id}", deadline_at=to_epoch(far))
    return f"G#{ward.pending.generation_id}"


def heartbeat_far(ward: Ward) -> str:
    far = ward.clock.now() + timedelta(days=300)
    ward.change(f"G#{ward.running.generation_id}", heartbeat_at=to_epoch(far))
    return f"G#{ward.running.generation_id}"


def limit_far(ward: Ward) -> str:
    far = ward.clock.now() + timedelta(days=365)
    at = int(far.timestamp() * 1000)
    ward.change("L#create", windows={"create": [at]}, last_at=at, expires_at=expiry(far + timedelta(days=1)))
    return "L#create"


def erasure_far(ward: Ward) -> str:
    far = ward.clock.now() + timedelta(days=365)
    ward.put("X#erase", not_before=to_epoch(far), expires_at=expiry(far))
    return "X#erase"


def input_lost(ward: Ward) -> str:
    ward.delete(f"I#{ward.pending.generation_id}")
    return f"G#{ward.pending.generation_id}"


def step_emptied(ward: Ward) -> str:
    ward.change(f"S#{ward.succeeded.generation_id}#cards", "result")
    return f"S#{ward.succeeded.generation_id}#cards"


def day_lapses(ward: Ward) -> str:
    [day] = ward.keys("U#")
    ward.change(day, expires_at=expiry(ward.clock.now() + timedelta(days=1)))
    return day


PLANTED: dict[str, list[Callable[[Ward], str]]] = {
    "overdue": [overdue],
    "unattended": [unattended],
    "not_in_index": [planted("pending", "due_at"), planted("pending", "due_shard"), planted("running", "due_at")],
    "wrong_shard": [planted("pending", due_shard="11")],
    "due_after_deadline": [due_late],
    "ended_in_index": [planted("failed", due_shard="1"), planted("canceled", due_at=Decimal(1), due_shard="1")],
    "ended_incomplete": [planted("dismissed", "expires_at")],
    "contradiction": [
        planted("pending", holder="somebody"),
        planted("running", "holder"),
        planted("running", "heartbeat_at"),
        planted("dismissed", "error"),
        planted("succeeded", progress=99),
        planted("pending", fence=0),
    ],
    "lease_over": [sent_often_and_silent],
    "steps_missing": [step_lost, planted("succeeded", output_step="other")],
    "usage_off_steps": [planted("running", cost_usd=Decimal("0.2"))],
    "usage_off_day": [day_off],
    "usage_without_heads": [heads_lost],
    "open_lapses": [open_lapses],
    "far_time": [deadline_far, heartbeat_far, limit_far, erasure_far],
    "no_input": [input_lost],
    "no_result": [step_emptied],
    "day_lapses": [day_lapses],
    "key_outlives": [key_left],
    "key_missing": [key_lost],
    "head_missing": [head_lost, request_lost],
    "retry_broken": [successor_forgets, predecessor_forgets],
    "decision_without_card": [card_lost],
    "card_without_decision": [card_left],
    "review_unmarked": [review_unmarked],
    "unreadable": [input_garbled, planted("pending", "kind")],
    "newer_schema": [from_tomorrow, planted("running", status="stuck")],
    "unknown_item": [foreign],
    "overstayed": [never_swept],
    "limit_unswept": [limit_kept],
}
