"""Looks at a running stack's functions from outside: their processes, their log lines, their permissions.

Owns the means by which tests hurt a function. It must not import a function's code.
"""

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from local.emulator import ACCESS_KEY
from local.guard import KEY_HEADER
from local.processes import environments

DENIALS = "denied-by-a-test"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def worker_pids(tmpdir: Path, function_name: str) -> list[int]:
    """The processes that run a function now, idle ones too, oldest first. Linux only: reads /proc."""
    found = []
    for pid, environment in environments():
        if environment.get("TMPDIR") == str(tmpdir) and environment.get("AWS_LAMBDA_FUNCTION_NAME") == function_name:
            found.append(pid)
    return sorted(found)


def log_lines(logs: Any, group: str) -> list[str]:
    """Every line that the function wrote, in order, as CloudWatch Logs has them."""
    events: list[dict[str, Any]] = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        events.extend(page["events"])
    return [line for event in sorted(events, key=lambda e: e["timestamp"]) for line in event["message"].splitlines()]


def queued_messages(endpoint: str, queue_url: str) -> list[dict[str, Any]]:
    """Every message of a queue, oldest first: waiting, delayed, or received and not acknowledged.

    SQS shows no client all of them, and receiving counts; the emulator shows them.
    """
    query = urllib.parse.urlencode({"QueueUrl": queue_url})
    asked = urllib.request.Request(f"{endpoint}/_ministack/sqs/messages?{query}", headers={KEY_HEADER: ACCESS_KEY})  # noqa: S310
    with _DIRECT.open(asked, timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    found = [
        message
        for regions in accounts.values()
        for queues in regions.values()
        for messages in queues.values()
        for message in messages
    ]
    return sorted(found, key=lambda message: float(message["SentTimestamp"]))


def deny(iam: Any, role: str, action: str, resource: str) -> None:
    """Deny one action to a role from its next call on, even if another policy allows it; earlier denials stay."""
    name = f"{DENIALS}-{action.replace(':', '-')}"
    statement = {"Effect": "Deny", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


def allow_again(iam: Any, role: str) -> None:
    """Undo every `deny` of the role."""
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        if name.startswith(DENIALS):
            iam.delete_role_policy(RoleName=role, PolicyName=name)
