"""An AWS in memory with what the functions need, and the settings that point to it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
from moto import mock_aws

REGION = "us-east-1"
TABLE, BUCKET = "trial", "trial-objects"


@contextmanager
def place(settings: Mapping[str, str]) -> Iterator[None]:
    """Have this process's functions find a table, a bucket and two queues, and these settings, while the block runs.

    Uses no credentials of the user, and sends nothing to AWS.
    """
    kept = dict(os.environ)
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "trial")
    os.environ |= dict.fromkeys(("AWS_DEFAULT_REGION", "AWS_REGION"), REGION)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    try:
        with mock_aws():
            os.environ.update(_made(), **settings)
            yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _made() -> dict[str, str]:
    """Make what the template makes, as far as a worker uses it; return the settings that name it."""
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    sqs = boto3.client("sqs")
    queue, isolated = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("trial", "trial-isolated"))
    return {"TABLE_NAME": TABLE, "BUCKET_NAME": BUCKET, "QUEUE_URL": queue, "ISOLATED_QUEUE_URL": isolated}
