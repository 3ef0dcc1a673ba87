"""The tests' actions on a running stack, and their view behind the API's back. Linux only."""

import hashlib
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from local.faults import holding_process, no_delivery, read_head, try_to_take_message
from local.stack import LocalStack
from shared.store.marshalling import unmarshal
from tests.e2e.gate import Gate
from tests.e2e.owner import eventually

__all__ = ["no_delivery"]
FUNCTIONS = ("create", "status", "actions", "process", "sweeper")
"""Those that read the settings which a deployment gives to all."""

_serialize = TypeSerializer().serialize


def head(stack: LocalStack, owner: str, generation_id: str) -> dict[str, Any]:
    """Read the head in the table, strongly consistent."""
    found = read_head(stack, owner, generation_id)
    assert found is not None, f"{owner} has no {generation_id}"
    return found


def items(stack: LocalStack, owner: str) -> list[dict[str, Any]]:
    """Read all items of an owner."""
    pages = stack.client("dynamodb").get_paginator("query")
    found = pages.paginate(
        TableName=stack.table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": owner}},
        ConsistentRead=True,
    )
    return [unmarshal(item) for page in found for item in page["Items"]]


def usage(stack: LocalStack, owner: str) -> dict[str, Decimal]:
    """Add up the owner's usage items."""
    total: dict[str, Decimal] = {}
    for item in items(stack, owner):
        if item["sk"].startswith("U#"):
            for name, value in item.items():
                if isinstance(value, Decimal):
                    total[name] = total.get(name, Decimal(0)) + value
    return total


def calls(stack: LocalStack, generation_id: str) -> list[dict[str, Any]]:
    """Return the model server's ledger of one generation, oldest call first."""
    return [entry for entry in stack.ledger() if entry.get("generation") == generation_id]


def fingerprint(key: str) -> str:
    """Return what the model server's ledger shows of a key, which it does not keep."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def assert_paid_at_most_once_an_attempt(stack: LocalStack, generation_id: str) -> None:
    """The ledger's rule: at most one paid call for each attempt and step (these kinds of models need no repair)."""
    paid = [(entry["attempt"], entry["step"]) for entry in calls(stack, generation_id) if entry["paid"]]
    assert len(paid) == len(set(paid)), paid


def worker_of(stack: LocalStack, owner: str, generation_id: str) -> int:
    """Return the pid of the process that holds a running generation, by the log stream that its holder names."""

    pid = eventually(lambda: holding_process(stack, owner, generation_id), lambda found: found is not None)
    assert pid is not None
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process for the length of the block: a worker that Lambda, or a garbage collection, holds still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def take_message(stack: LocalStack, generation_id: str, queue_url: str | None = None) -> dict[str, Any]:
    """Receive and delete the generation's message, as a queue that loses it would; return its body."""
    url = queue_url or stack.queue_url
    body = eventually(lambda: try_to_take_message(stack, generation_id, url), lambda found: found is not None)
    assert body is not None
    return body


@contextmanager
def denied(stack: LocalStack, function: str, action: str) -> Iterator[None]:
    """Refuse an action to a function for the length of the block."""
    stack.deny(function, action)
    try:
        yield
    finally:
        stack.allow_again(function)


@contextmanager
def environment(
    stack: LocalStack, function: str, timeout_seconds: int | None = None, /, **variables: str
) -> Iterator[None]:
    """Run a function with other settings for the length of the block. Whatever it runs at either end is cut off."""
    before = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names[function])
    own: dict[str, str] = before["Environment"]["Variables"]
    _configure(stack, function, timeout_seconds or before["Timeout"], {**own, **variables})
    try:
        yield
    finally:
        _configure(stack, function, before["Timeout"], own)


@contextmanager
def deployment(stack: LocalStack, **variables: str) -> Iterator[None]:
    """Run every function with other settings for the length of the block. Whatever they run at either end is cut off.

    For numbers that the functions must agree on. A worker that beats more seldom than the others' lease is long is
    taken for dead by each poll.
    """
    with ExitStack() as settings:
        for function in FUNCTIONS:
            settings.enter_context(environment(stack, function, **variables))
        yield


def _configure(stack: LocalStack, function: str, timeout_seconds: int, variables: Mapping[str, str]) -> None:
    functions, name = stack.client("lambda"), stack.function_names[function]
    functions.update_function_configuration(
        FunctionName=name, Timeout=timeout_seconds, Environment={"Variables": dict(variables)}
    )
    eventually(
        lambda: functions.get_function_configuration(FunctionName=name),
        lambda found: found["State"] == "Active" and found.get("LastUpdateStatus") == "Successful",
    )


@contextmanager
def queue_attributes(stack: LocalStack, queue_url: str, **attributes: str) -> Iterator[None]:
    """Give a queue other settings for the length of the block."""
    sqs = stack.client("sqs")
    before = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(attributes))["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=attributes)
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=before)


@contextmanager
def gated(stack: LocalStack, function: str, service: str) -> Iterator[Gate]:
    """Have a function's requests to `dynamodb` or `sqs` pass a gate for the length of the block."""
    with (
        Gate(stack.endpoint).open() as gate,
        environment(stack, function, **{f"AWS_ENDPOINT_URL_{service.upper()}": gate.url}),
    ):
        yield gate


def change_head(stack: LocalStack, owner: str, generation_id: str, sets: Mapping[str, Any]) -> None:
    """Change a head behind the system's back: time that passes, or what another version of the code has written."""
    change_item(stack, owner, f"G#{generation_id}", sets)


def change_item(
    stack: LocalStack, owner: str, sort_key: str, sets: Mapping[str, Any], removes: Sequence[str] = ()
) -> None:
    """Set and remove attributes of an item that is there."""
    clauses = [f"SET {', '.join(f'#{name} = :{name}' for name in sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(f'#{name}' for name in removes)}"] if removes else []
    values = {f":{name}": _serialize(value) for name, value in sets.items()}
    stack.client("dynamodb").update_item(
        TableName=stack.table_name,
        Key={"pk": {"S": owner}, "sk": {"S": sort_key}},
        UpdateExpression=" ".join(clauses),
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeNames={f"#{name}": name for name in (*sets, *removes)},
        **({"ExpressionAttributeValues": values} if values else {}),
    )


def put_item(stack: LocalStack, item: Mapping[str, Any]) -> None:
    """Store an item unchanged, replacing any other."""
    values = {name: _serialize(value) for name, value in item.items()}
    stack.client("dynamodb").put_item(TableName=stack.table_name, Item=values)
