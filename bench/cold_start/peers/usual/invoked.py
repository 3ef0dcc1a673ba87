"""A function that no HTTP call leads to, as Powertools' documentation builds it: Tracer, Logger, a boto3 resource."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Tracer

tracer = Tracer(service="usual")
logger = Logger(service="usual")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    table.get_item(Key={"pk": "alice", "sk": "G#1"}, ConsistentRead=True)
    return {}
