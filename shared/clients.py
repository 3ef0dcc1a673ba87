"""Builds the AWS clients: the one place that sets time-outs and retries."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# botocore's legacy mode tries ten times and reads for 60 s: longer than any lease. Three tries of at most 3 s
# each leave room for the work. A worker's pool serves a batch of ten and the heartbeat of each.
STANDARD = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=2, max_pool_connections=32
)
ONE_SHORT_TRY = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=2, max_pool_connections=32
)

# Without `virtual` a signed URL names S3's global host, which redirects elsewhere than to what was signed; without
# `s3v4` it is signed in the old way in us-east-1. An object may take longer to be answered than an item.
FOR_OBJECTS = STANDARD.merge(Config(read_timeout=5, signature_version="s3v4", s3={"addressing_style": "virtual"}))


def dynamodb() -> "DynamoDBClient":
    """Return a client whose calls end within about 10 seconds."""
    return boto3.client("dynamodb", config=STANDARD)


def dynamodb_for_heartbeats() -> "DynamoDBClient":
    """Return a client that tries once: a beat that fails is followed by the next, and ten tries outlast the lease."""
    return boto3.client("dynamodb", config=ONE_SHORT_TRY)


def s3() -> "S3Client":
    """Return a client for objects of some megabytes, whose signed URLs lead to the bucket in its own region."""
    return boto3.client("s3", config=FOR_OBJECTS)


def kms() -> Any:
    """Return a client whose calls end within about 10 seconds."""
    return boto3.client("kms", config=STANDARD)


def sqs() -> "SQSClient":
    """Return a client whose calls end within about 10 seconds."""
    return boto3.client("sqs", config=STANDARD)
