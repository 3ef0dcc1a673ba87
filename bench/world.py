"""The surroundings of a function: a table, two queues, a key and an issuer of tokens.

The emulator with nothing deployed to it. Owns the events that the functions are called with.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.report import PROJECT
from local.build import built_tree
from local.deployment import client
from local.emulator import ACCESS_KEY, REGION, start_emulator
from local.lambda_runtime import built_function
from tests.tokens import AUDIENCE, Issuer

_IN_FILES = "01940000-0000-7000-8000-000000000001"
_KEY_PARAMETER = "/unstuck/openrouter-api-key"


@dataclass(frozen=True, slots=True)
class World:
    """`variables` are the functions' environment, `events` one event for each function, by its name."""

    tree: Path
    variables: dict[str, str]
    events: dict[str, dict[str, Any]]


@contextmanager
def world(state: Path) -> Iterator[World]:
    """Start it, with one generation in its table that the events are about."""
    tree = built_tree()
    with ExitStack() as stack:
        (state / "emulator").mkdir()
        emulator = start_emulator(state / "emulator")
        stack.callback(emulator.child.stop)
        issuer = stack.enter_context(Issuer("ES256"))
        variables = _variables(emulator.url, tree, issuer)
        events = {path.stem: json.loads(path.read_text()) for path in (PROJECT / "events").glob("*.json")}
        del events["create"]["headers"]["idempotency-key"]  # each create must be new, and no replay of the first
        with built_function(tree, "create", variables, state) as create:
            created = create.invoke(events["create"])
        if created.get("statusCode") != 202:
            raise RuntimeError(f"create does not answer as it must: {created}")
        generation_id = json.loads(created["body"])["generation_id"]
        for name in ("status", "actions", "push"):
            events[name] = json.loads(json.dumps(events[name]).replace(_IN_FILES, generation_id))
        token = f"Bearer {issuer.token('alice', ttl_seconds=3600)}"
        events["authorizer"] |= {"identitySource": [token]}
        events["authorizer"]["headers"]["authorization"] = token
        yield World(tree, variables, events)


def _variables(endpoint: str, tree: Path, issuer: Issuer) -> dict[str, str]:
    resources = yaml.safe_load((tree / "template.yaml").read_text())["Resources"]
    wanted = {"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"}
    for name, resource in (("table", "Table"), ("live-table", "LiveTable")):
        table = resources[resource]["Properties"]
        given = {each: table[each] for each in wanted & table.keys()}
        client("dynamodb", endpoint).create_table(TableName=name, **given)
    client("ssm", endpoint).put_parameter(Name=_KEY_PARAMETER, Value="sk-made-up", Type="SecureString")
    sqs = client("sqs", endpoint)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "TABLE_NAME": "table",
        "LIVE_TABLE_NAME": "live-table",
        "LIVE_URL": "wss://live.invalid/live",
        "LIVE_ENDPOINT": "https://live.invalid/live",
        "QUEUE_URL": sqs.create_queue(QueueName="queue")["QueueUrl"],
        "ISOLATED_QUEUE_URL": sqs.create_queue(QueueName="alone-queue")["QueueUrl"],
        "DEFAULT_MODEL": "local/cards",
        # As on AWS: over TLS, for which the worker loads the certificates. No event here leads to a call.
        "LLM_BASE_URL": "https://model.invalid/api/v1",
        "PROVIDER_KEY_PARAMETER": _KEY_PARAMETER,
        "RATE_LIMITS": "*=10000/1",
        "MAX_RUNNING": "0",
        # Longer than any bench: what waits for its job is not what a sweep finds.
        "DISPATCH_GRACE_SECONDS": "36000",
        "DEADLINE_SECONDS": "72000",
        "JWT_ISSUER": issuer.url,
        "JWT_AUDIENCE": AUDIENCE,
        "TOKEN_ALGORITHM": "ES256",
        "POWERTOOLS_METRICS_NAMESPACE": "Unstuck",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
    }
