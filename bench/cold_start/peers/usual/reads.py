"""A read as Powertools' documentation builds it: event handler with validation, Tracer, Logger, a boto3 resource."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.logging import correlation_paths
from pydantic import BaseModel

tracer = Tracer(service="usual")
logger = Logger(service="usual")
app = APIGatewayHttpResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


class Shown(BaseModel):
    """An answer's body."""

    status: str


@app.get("/v1/generations/<generation_id>")
@tracer.capture_method
def read(generation_id: str) -> Shown:
    found = table.get_item(Key={"pk": "alice", "sk": f"G#{generation_id}"}, ConsistentRead=True)
    return Shown(status=found.get("Item", {}).get("status", "pending"))


@app.post("/v1/generations/<generation_id>/cancel")
@tracer.capture_method
def cancel(generation_id: str) -> Shown:
    return read(generation_id)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
