"""The AWS calls of our create, with a thin signed client, behind one pydantic model."""

import json
import os
import uuid
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints
from thin import aws

_table, _queue = os.environ["TABLE_NAME"], os.environ["QUEUE_URL"]
_dynamodb, _sqs = aws.dynamodb(), aws.sqs()


class Asked(BaseModel):
    """A request's body."""

    source_text: Annotated[str, StringConstraints(min_length=1000, max_length=10000)]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    asked, name = Asked.model_validate_json(event["body"]), str(uuid.uuid4())
    owner, limit = {"pk": {"S": "thin"}}, {"pk": {"S": "thin"}, "sk": {"S": "L#create"}}
    _dynamodb.call("BatchGetItem", {"RequestItems": {_table: {"Keys": [limit], "ConsistentRead": True}}})
    day = owner | {"sk": {"S": "U#2026-01-01"}}
    _dynamodb.call("GetItem", {"TableName": _table, "Key": day, "ConsistentRead": True})
    text = owner | {"sk": {"S": f"I#{name}"}, "text": {"S": asked.source_text}}
    _dynamodb.call("PutItem", {"TableName": _table, "Item": text})
    puts = [{"Put": {"TableName": _table, "Item": item}} for item in (owner | {"sk": {"S": f"G#{name}"}}, limit)]
    _dynamodb.call("TransactWriteItems", {"TransactItems": puts, "ClientRequestToken": name})
    _sqs.call("SendMessage", {"QueueUrl": _queue, "MessageBody": json.dumps({"generation_id": name})})
    return {"statusCode": 202, "body": json.dumps({"generation_id": name})}
