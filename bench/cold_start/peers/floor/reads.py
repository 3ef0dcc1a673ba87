"""The least there is: boto3's DynamoDB client, and one item read with it."""

import os
from typing import Any

import boto3

_table = os.environ["TABLE_NAME"]
_dynamodb = boto3.client("dynamodb")


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    key = {"pk": {"S": "alice"}, "sk": {"S": "G#1"}}
    _dynamodb.get_item(TableName=_table, Key=key, ConsistentRead=True)
    return {"statusCode": 200, "body": "{}"}
