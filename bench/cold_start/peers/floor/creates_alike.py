"""The AWS calls of our create, with boto3's clients and nothing around them."""

import json
import os
import uuid
from typing import Any

import boto3

_table, _queue = os.environ["TABLE_NAME"], os.environ["QUEUE_URL"]
_dynamodb = boto3.client("dynamodb")
_sqs = boto3.client("sqs")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    asked, name = json.loads(event["body"]), str(uuid.uuid4())
    owner, limit = {"pk": {"S": "floor"}}, {"pk": {"S": "floor"}, "sk": {"S": "L#create"}}
    _dynamodb.batch_get_item(RequestItems={_table: {"Keys": [limit], "ConsistentRead": True}})
    day = owner | {"sk": {"S": "U#2026-01-01"}}
    _dynamodb.get_item(TableName=_table, Key=day, ConsistentRead=True)
    text = owner | {"sk": {"S": f"I#{name}"}, "text": {"S": asked["source_text"]}}
    _dynamodb.put_item(TableName=_table, Item=text, ConditionExpression="attribute_not_exists(pk)")
    head = owner | {"sk": {"S": f"G#{name}"}, "status": {"S": "pending"}}
    puts: list[Any] = [{"Put": {"TableName": _table, "Item": item}} for item in (head, limit)]
    _dynamodb.transact_write_items(TransactItems=puts)
    _sqs.send_message(QueueUrl=_queue, MessageBody=json.dumps({"generation_id": name}))
    return {"statusCode": 202, "body": json.dumps({"generation_id": name})}
