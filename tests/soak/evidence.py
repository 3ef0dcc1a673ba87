"""The evidence after a soak: from the table, the ledger, the queues and the owners' polls.

Only gathers; `account` judges.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.processes import environments
from local.stack import KEY_PARAMETER, LocalStack
from tests.e2e import faults, messages
from tests.e2e.test_operations import operate
from tests.soak.hurts import Hurt, Hurting
from tests.soak.owner import Accepted, SoakOwner


@dataclass
class Evidence:
    """All of it, in plain values: judging it needs no stack."""

    accepted: dict[str, Accepted]
    items: dict[str, list[dict[str, Any]]]
    """By owner, as the table holds them."""
    calls: dict[str, list[dict[str, Any]]]
    """The model server's ledger by generation, oldest first."""
    stray_calls: list[dict[str, Any]]
    """Calls for no generation that was accepted."""
    hurts: list[Hurt]
    dead_letters: list[dict[str, Any]]
    queued: list[dict[str, Any]]
    """Messages that are in the two queues still: received by who was killed, and hidden yet."""
    doctor: list[dict[str, Any]]
    complaints: list[str] = field(default_factory=list)
    """Assertions that failed on the way: a poll that went back, an answer that is not described."""
    garbage: frozenset[str] = frozenset()
    """Invalid messages that were sent to the queues."""
    our_key: str = ""
    lease_seconds: float = 0.0
    last_fault_at: float = 0.0
    pictures: dict[str, list[bool]] = field(default_factory=dict)
    """Of each generation that succeeded, whether each picture's URL led to the bytes that its sha256 tells."""

    def head(self, accepted: Accepted) -> dict[str, Any] | None:
        return next(iter(self.of(accepted, "G#", exactly=True)), None)

    def of(self, accepted: Accepted, prefix: str, *, exactly: bool = False) -> list[dict[str, Any]]:
        """The items of one generation whose sort key begins so."""
        key = f"{prefix}{accepted.generation_id}"
        found = self.items.get(accepted.owner, [])
        return [item for item in found if item["sk"] == key or (not exactly and item["sk"].startswith(f"{key}#"))]


def gather(stack: LocalStack, owners: list[SoakOwner], hurting: Hurting, complaints: list[str]) -> Evidence:
    """Read everything. Nothing else may be running, except what this looks for."""
    hurts = hurting.done
    accepted = {name: one for owner in owners for name, one in owner.accepted.items()}
    calls: dict[str, list[dict[str, Any]]] = {}
    stray = []
    for call in stack.ledger():
        if call.get("generation") in accepted:
            calls.setdefault(call["generation"], []).append(call)
        else:
            stray.append(call)
    queues = (stack.queue_url, stack.isolated_queue_url)
    parameter = stack.client("ssm").get_parameter(Name=KEY_PARAMETER, WithDecryption=True)["Parameter"]["Value"]
    return Evidence(
        accepted=accepted,
        items={owner.name: faults.items(stack, owner.name) for owner in owners},
        calls=calls,
        stray_calls=stray,
        hurts=hurts,
        dead_letters=messages.in_queue(stack, stack.dead_letter_queue_url, ""),
        queued=[message for url in queues for message in messages.in_queue(stack, url, "")],
        doctor=_doctor(stack),
        complaints=complaints,
        garbage=frozenset(hurting.refusals.garbage),
        our_key=faults.fingerprint(parameter),
        lease_seconds=float(stack.parameters["LeaseSeconds"]),
        last_fault_at=max((hurt.ended for hurt in hurts), default=0.0),
        pictures={one.generation_id: _fetched(one) for one in accepted.values() if one.order.kind == "image"},
    )


def _doctor(stack: LocalStack) -> list[dict[str, Any]]:
    _, told = operate(stack, "doctor", "--pages-per-second", "0")
    found: list[dict[str, Any]] = told["findings"]
    return found if told["complete"] else [*found, {"code": "incomplete", "severity": "fault"}]


def _fetched(accepted: Accepted) -> list[bool]:
    images = (accepted.ended or {}).get("output", {}).get("images", [])
    return [_is_there(image) for image in images]


def _is_there(image: dict[str, Any]) -> bool:
    answer = httpx.get(image["url"], timeout=30)
    return answer.status_code == 200 and hashlib.sha256(answer.content).hexdigest() == image["sha256"]


def left_behind(stack: LocalStack) -> list[int]:
    """Processes of a stack that has been stopped. There must be none."""
    return [pid for pid, found in environments() if found.get("TMPDIR") == str(stack.tmpdir)]
