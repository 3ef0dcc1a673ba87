"""Builds each conditional write of a head from its row of the transition table. Sends nothing.

Each condition is written once, next to its guard. The changes to status, fence, version and index follow from the row.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.domain.generation import SCHEMA_VERSION, Called, Generation
from shared.domain.row import Add, Once, Row
from shared.domain.states import Guard, Status
from shared.store.items import RENAMED, encode_fields
from shared.store.marshalling import Item, marshal


def _zero_or(name: str, comparison: str) -> str:
    # A counter at zero is not stored, and neither is one that the previous version did not have.
    return f"(attribute_not_exists(#{name}) OR #{name} {comparison})"


_CONDITIONS: Mapping[Guard, str] = {
    Guard.ABSENT: "attribute_not_exists(#pk)",
    Guard.FENCE: "#fence = :fence",
    Guard.HOLDER: "#holder = :holder",
    # Heads of the first version may lack the attribute. Missing counts as 0, the same as when a head is read.
    Guard.READABLE: f"{_zero_or('schema_version', '<= :schema_version')} AND #kind IN (:kinds)",
    Guard.FRUITLESS_ATTEMPTS_LEFT: " AND ".join(
        _zero_or(name, "< :max_fruitless_attempts") for name in ("fruitless_attempts", RENAMED["fruitless_attempts"])
    ),
    Guard.NOT_BEFORE_PASSED: "(attribute_not_exists(#not_before) OR #not_before <= :now)",
    Guard.BEFORE_DEADLINE: "#deadline_at > :now",
    Guard.PAST_DEADLINE: "#deadline_at <= :now",
    Guard.PROGRESS_NOT_AHEAD: _zero_or("progress", "<= :progress"),
    Guard.CALLS_AS_KNOWN: _zero_or("calls", "= :calls"),
    Guard.HEARTBEAT_AS_READ: "#heartbeat_at = :heartbeat_at",
    Guard.DUE_AS_READ: "#due_at = :due_at",
    Guard.USAGE_AS_READ: f"{_zero_or('paid_calls', '= :paid_calls')} AND {_zero_or('steps_done', '= :steps_done')}",
    Guard.VERSION_AS_READ: "#version = :version",
    Guard.NOT_DISMISSED: "attribute_not_exists(#dismissed_at)",
    Guard.NOT_RETRIED: "attribute_not_exists(#retried_as)",
}


def condition_of(row: Row[Any], as_read: Status | None = None) -> str:
    """Return the condition expression of a row, including the status. `as_read` is the head's status when it was
    read."""
    parts = [_CONDITIONS[guard] for guard in row.guards]
    if row.sources:
        allowed = ", ".join(_sources(row, as_read))
        # UpdateItem creates a missing item. Without `exists`, a late worker would restore a deleted head.
        parts.insert(0, f"attribute_exists(#pk) AND #status IN ({allowed})")
    return " AND ".join(parts)


def _sources(row: Row[Any], as_read: Status | None) -> dict[str, str]:
    """Return the placeholder of each status that the row may start from, with its value."""
    allowed = {f":is_{status}": str(status) for status in sorted(row.sources)}
    if row.any_version and as_read is not None and not as_read.known:
        allowed[":is_as_read"] = str(as_read)
    return allowed


def update_of(row: Row[Any], guards: Mapping[str, Any], sets: Mapping[str, Any]) -> Item:
    """Return the arguments of UpdateItem (without key and table) for one write along `row`.

    `guards` are the values that its guards compare with, `sets` the fields that the row sets (`row.Row`).
    """
    plain = encode_fields({name: value for name, value in sets.items() if not isinstance(value, Add | Once)})
    adds = {name: value.by for name, value in sets.items() if isinstance(value, Add)}
    once = {name: value.value for name, value in sets.items() if isinstance(value, Once)}
    removes = [name for name, value in plain.items() if value is None]
    values_set = {name: value for name, value in plain.items() if value is not None}
    if renamed := [RENAMED[name] for name in values_set if name in RENAMED]:
        removes += renamed
    if renamed or adds.keys() & RENAMED.keys():
        values_set["schema_version"] = SCHEMA_VERSION  # from here on, the previous version does not touch the head
    if row.target is not None:
        values_set["status"] = str(row.target)
    if row.leaves_index():
        removes += ["due_at", "due_shard"]
    for raised, name in ((row.raises_fence, "fence"), (row.raises_version, "version")):
        if raised:
            adds[name] = 1
    clauses = [f"#{name} = :set_{name}" for name in values_set]
    clauses += [f"#{name} = if_not_exists(#{name}, :zero) + :add_{name}" for name in adds]
    clauses += [f"#{name} = if_not_exists(#{name}, :once_{name})" for name in once]
    update = f"SET {', '.join(clauses)}"
    if removes:
        update += f" REMOVE {', '.join(f'#{name}' for name in removes)}"
    values = {f":set_{name}": value for name, value in values_set.items()}
    values |= {":zero": 0} | {f":add_{name}": value for name, value in adds.items()}
    values |= {f":once_{name}": value for name, value in once.items()}
    return _arguments(row, guards, update, values)


def _arguments(row: Row[Any], guards: Mapping[str, Any], update: str, values: dict[str, Any]) -> Item:
    status = guards.get("status")
    condition = condition_of(row, status)
    for name, value in guards.items():
        if isinstance(value, tuple):
            listed = {f":{name}_{place}": member for place, member in enumerate(value)}
            condition = condition.replace(f"(:{name})", f"({', '.join(listed)})")
            values |= listed
        else:
            values[f":{name}"] = value
    values |= _sources(row, status)
    # DynamoDB refuses a value that no expression uses. Callers pass the values of every guard, and the row picks its
    # own.
    used = set(re.findall(r":\w+", f"{update} {condition}"))
    return {
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names_in(f"{update} {condition}"),
        "ExpressionAttributeValues": {name: _value(value) for name, value in values.items() if name in used},
    }


def _value(value: Any) -> Any:
    # A guard on a field that the head lacked when it was read. No attribute is ever NULL, so the guard fails.
    return {"NULL": True} if value is None else marshal({"value": value})["value"]


def as_read(head: Generation | Called, now: datetime) -> dict[str, Any]:
    """Return the values that every guard compares with, for a write that depends on the head as read or as called."""
    if isinstance(head, Called):
        return {"now": now, "fence": head.fence}
    return {
        "now": now,
        "status": head.status,
        "fence": head.fence,
        "holder": head.holder,
        "heartbeat_at": head.heartbeat_at,
        "due_at": head.due_at,
        "version": head.version,
        "calls": head.calls,
        "progress": head.progress,
        "paid_calls": head.usage.calls,
        "steps_done": head.steps_done,
    }


def names_in(expression: str) -> dict[str, str]:
    """Return the placeholders of an expression. Every name has one, so reserved words cannot cause errors."""
    return {f"#{name}": name for name in set(re.findall(r"#(\w+)", expression))}
