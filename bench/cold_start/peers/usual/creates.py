"""A create as Powertools' documentation builds it: event handler with validation, Idempotency, Tracer."""

import json
import os
import uuid
from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from pydantic import BaseModel, StringConstraints

tracer = Tracer(service="usual")
logger = Logger(service="usual")
app = APIGatewayHttpResolver(enable_validation=True)
dynamodb = boto3.resource("dynamodb")
queue = boto3.resource("sqs").Queue(os.environ["QUEUE_URL"])
keys = DynamoDBPersistenceLayer(
    table_name=os.environ["TABLE_NAME"], key_attr="pk", sort_key_attr="sk", static_pk_value="usual#idempotency"
)
config = IdempotencyConfig(expires_after_seconds=3600)


class Asked(BaseModel):
    """A request's body."""

    source_text: Annotated[str, StringConstraints(min_length=1000, max_length=10000)]


class Created(BaseModel):
    """An answer's body."""

    generation_id: str


@idempotent_function(data_keyword_argument="key", persistence_store=keys, config=config)
def store(key: str, text: str) -> dict[str, Any]:
    head = {"pk": "usual", "sk": f"G#{key}", "status": "pending"}
    puts: list[Any] = [
        {"Put": {"TableName": os.environ["TABLE_NAME"], "Item": item}}
        for item in (head, {"pk": "usual", "sk": f"I#{key}", "text": text})
    ]
    dynamodb.meta.client.transact_write_items(TransactItems=puts)
    queue.send_message(MessageBody=json.dumps({"generation_id": key}))
    return {"generation_id": key}


@app.post("/v1/generations")
@tracer.capture_method
def create(asked: Asked) -> Response[Created]:
    made = store(key=str(uuid.uuid4()), text=asked.source_text)
    return Response(202, body=Created(**made), content_type="application/json")


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    config.register_lambda_context(context)
    return app.resolve(event, context)
