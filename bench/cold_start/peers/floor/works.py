"""The least a worker can be: a message's pydantic model, an httpx client for the model's API, one item read."""

import os
from typing import Any

import boto3
import httpx
from pydantic import BaseModel

_table = os.environ["TABLE_NAME"]
_dynamodb = boto3.client("dynamodb")
_http = httpx.Client(base_url=os.environ["LLM_BASE_URL"])


class Message(BaseModel):
    """A message's body."""

    user_id: str
    generation_id: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    for record in event["Records"]:
        message = Message.model_validate_json(record["body"])
        key = {"pk": {"S": message.user_id}, "sk": {"S": f"G#{message.generation_id}"}}
        _dynamodb.get_item(TableName=_table, Key=key, ConsistentRead=True)
    return {"batchItemFailures": []}
