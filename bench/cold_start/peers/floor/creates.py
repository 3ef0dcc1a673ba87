"""The least a create can be: one pydantic model, one transaction, one message."""

import json
import os
import uuid
from typing import Annotated, Any

import boto3
from pydantic import BaseModel, StringConstraints

_table, _queue = os.environ["TABLE_NAME"], os.environ["QUEUE_URL"]
_dynamodb = boto3.client("dynamodb")
_sqs = boto3.client("sqs")


class Asked(BaseModel):
    """A request's body."""

    source_text: Annotated[str, StringConstraints(min_length=1000, max_length=10000)]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    asked, name = Asked.model_validate_json(event["body"]), str(uuid.uuid4())
    head = {"pk": {"S": "floor"}, "sk": {"S": f"G#{name}"}, "status": {"S": "pending"}}
    text = {"pk": {"S": "floor"}, "sk": {"S": f"I#{name}"}, "text": {"S": asked.source_text}}
    puts: list[Any] = [{"Put": {"TableName": _table, "Item": item}} for item in (head, text)]
    _dynamodb.transact_write_items(TransactItems=puts)
    _sqs.send_message(QueueUrl=_queue, MessageBody=json.dumps({"generation_id": name}))
    return {"statusCode": 202, "body": json.dumps({"generation_id": name})}
