"""A scheduled sweep, as Powertools' documentation builds such a function: Tracer, Logger, a boto3 resource.

It makes the calls that ours makes when nothing is due.
"""

import os
import time
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Tracer
from boto3.dynamodb.conditions import Key

SHARDS = 10
_MARK = {"pk": "§usual", "sk": "sweep"}

tracer = Tracer(service="usual")
logger = Logger(service="usual")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    now = int(time.time())
    due = sum(_due(str(shard), now) for shard in range(SHARDS))
    table.get_item(Key=_MARK, ConsistentRead=True)
    table.put_item(Item=_MARK | {"at": now, "due": due})
    return {"due": due}


def _due(shard: str, now: int) -> int:
    condition = Key("due_shard").eq(shard) & Key("due_at").lte(now)
    return len(table.query(IndexName="due", KeyConditionExpression=condition)["Items"])
