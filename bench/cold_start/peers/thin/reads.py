"""The floor's read by a thin signed client."""

import os
from typing import Any

from thin import aws

_table = os.environ["TABLE_NAME"]
_dynamodb = aws.dynamodb()


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    key = {"pk": {"S": "alice"}, "sk": {"S": "G#1"}}
    _dynamodb.call("GetItem", {"TableName": _table, "Key": key, "ConsistentRead": True})
    return {"statusCode": 200, "body": "{}"}
