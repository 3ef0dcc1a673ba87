"""The account of a soak: every accepted generation, every paid call, every message that is left. Pure.

Says what is off, one line each; an empty list is a clean account.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.e2e.owner import TERMINAL
from tests.soak.evidence import Evidence
from tests.soak.generations import Judging
from tests.soak.tally import Account

_SPENT = ("paid_calls", "prompt_tokens", "completion_tokens", "cost_usd", "wasted_cost_usd")
_GIVEN_UP = frozenset({"given_back", "crash_loop", "not_sent"})


def judge(evidence: Evidence) -> Account:
    """Return the account."""
    account = Account()
    account.off += evidence.complaints
    account.off += [f"a call for a generation that nobody was promised: {call}" for call in evidence.stray_calls]
    lost = _lost_attempts(evidence)
    for accepted in evidence.accepted.values():
        found = Judging(evidence, account, accepted, lost)
        name = f"{accepted.generation_id} ({accepted.order.kind}, {accepted.order.model})"
        account.off += [f"{name} {line}" for line in found.lines()]
    account.off += _owners(evidence)
    account.off += _left_in_queues(evidence, account)
    account.off += [f"doctor: {found}" for found in evidence.doctor if found["severity"] == "fault"]
    return account


def _lost_attempts(evidence: Evidence) -> defaultdict[str, dict[int, str]]:
    """Return by generation the attempts that lost their worker or their lease, and what is known of why."""
    lost: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for items in evidence.items.values():
        for item in items:
            # A lease that ran out although nobody was hurt: the machine was busy. The rescue is on record.
            if item["sk"].startswith("E#") and (item["name"] in _GIVEN_UP or item.get("code") in _GIVEN_UP):
                lost[item["sk"].split("#")[1]][int(item["attempt"])] = "rescued"
    for hurt in evidence.hurts:
        for generation_id, attempt in hurt.held:
            lost[generation_id][attempt] = hurt.name
    return lost


def _owners(evidence: Evidence) -> Iterator[str]:
    """Each owner's days must be the sum of the owner's generations, and nobody has one that was not accepted."""
    for owner, items in evidence.items.items():
        heads = [item for item in items if item["sk"].startswith("G#")]
        strangers = {head["sk"].removeprefix("G#") for head in heads} - evidence.accepted.keys()
        if strangers:
            yield f"{owner} has generations that were never accepted: {sorted(strangers)}"
        days = [item for item in items if item["sk"].startswith("U#")]
        ended = sum(head["status"] in TERMINAL for head in heads)
        if sum(day.get("generations", 0) for day in days) != ended:
            yield f"{owner}: the days count other generations than the {ended} that have ended"
        for name in _SPENT:
            counted, spent = (sum(item.get(name, Decimal(0)) for item in found) for found in (days, heads))
            if counted != spent:
                yield f"{owner}: {name} is {counted} by day and {spent} by generation"


def _left_in_queues(evidence: Evidence, account: Account) -> Iterator[str]:
    """A message that is left must be of a generation that has ended: then it is refused, whenever it comes."""
    for message in evidence.dead_letters:
        if message["Body"] in evidence.garbage:
            account.explained["garbage, in the dead letter queue"] += 1
            continue
        status = _status_of(evidence, message)
        account.letters.append(f"{message['Body'][:200]}: the generation is {status}")
        if status not in TERMINAL:
            yield f"a dead letter of a generation that is {status}: {message['Body']}"
    for message in evidence.queued:
        if message["Body"] in evidence.garbage:
            account.explained["garbage, in a queue, hidden until its visibility timeout"] += 1
        elif _status_of(evidence, message) in TERMINAL:
            account.explained["in a queue, hidden until its visibility timeout, of one that has ended"] += 1
        else:
            yield f"a message that nobody takes: {message['Body']}"


def _status_of(evidence: Evidence, message: dict[str, Any]) -> str:
    """Return the status of a message's generation; unknown if no such generation was accepted."""
    try:
        accepted = evidence.accepted.get(json.loads(message["Body"])["generation_id"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return "unknown"
    head = evidence.head(accepted) if accepted else None
    return str(head["status"]) if head else "unknown"
