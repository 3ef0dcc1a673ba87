"""A scheduled sweep, as Powertools' documentation builds such a function: Tracer, Idempotency, a boto3 resource.

It makes the same calls as ours when nothing is due. A scheduler may deliver an event twice, so it uses Idempotency.
"""

import os
import time
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent
from boto3.dynamodb.conditions import Key

SHARDS = 10
_MARK = {"pk": "§usual", "sk": "sweep"}

tracer = Tracer(service="usual")
logger = Logger(service="usual")
keys = DynamoDBPersistenceLayer(
    table_name=os.environ["TABLE_NAME"], key_attr="pk", sort_key_attr="sk", static_pk_value="usual#idempotency"
)
# A second: each cold start must do the work, and must not answer with the previous one's stored result.
config = IdempotencyConfig(event_key_jmespath="id", expires_after_seconds=1)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@idempotent(config=config, persistence_store=keys)
def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    now = int(time.time())
    due = sum(_due(str(shard), now) for shard in range(SHARDS))
    table.get_item(Key=_MARK, ConsistentRead=True)
    table.put_item(Item=_MARK | {"at": now, "due": due})
    return {"due": due}


def _due(shard: str, now: int) -> int:
    condition = Key("due_shard").eq(shard) & Key("due_at").lte(now)
    return len(table.query(IndexName="due", KeyConditionExpression=condition)["Items"])
