"""Builds the AWS clients: the one place that sets time-outs and retries."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

# botocore's legacy mode tries ten times and reads for 60 s: longer than any lease. Three tries of at most 3 s
# each leave room for the work. A worker's pool serves a batch of ten and the heartbeat of each.
STANDARD = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=2, max_pool_connections=32
)
ONE_SHORT_TRY = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=2, max_pool_connections=32
)


def dynamodb() -> "DynamoDBClient":
    """Return a client whose calls end within about 10 seconds."""
    return boto3.client("dynamodb", config=STANDARD)


def dynamodb_for_heartbeats() -> "DynamoDBClient":
    """Return a client that tries once: a beat that fails is followed by the next, and ten tries outlast the lease."""
    return boto3.client("dynamodb", config=ONE_SHORT_TRY)


def sqs() -> "SQSClient":
    """Return a client whose calls end within about 10 seconds."""
    return boto3.client("sqs", config=STANDARD)
