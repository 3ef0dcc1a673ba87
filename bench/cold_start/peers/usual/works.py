"""A worker as Powertools' documentation builds it: batch processor, Idempotency, parser, Tracer, a boto3 resource."""

import os
from typing import Any

import boto3
import httpx
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from pydantic import BaseModel

tracer = Tracer(service="usual")
logger = Logger(service="usual")
processor = BatchProcessor(event_type=EventType.SQS)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
http = httpx.Client(base_url=os.environ["LLM_BASE_URL"])
keys = DynamoDBPersistenceLayer(
    table_name=os.environ["TABLE_NAME"], key_attr="pk", sort_key_attr="sk", static_pk_value="usual#idempotency"
)
# A second: each cold start is to do the work, and not to answer what the one before it has stored.
config = IdempotencyConfig(event_key_jmespath="messageId", expires_after_seconds=1)


class Message(BaseModel):
    """A message's body."""

    user_id: str
    generation_id: str


@tracer.capture_method
@idempotent_function(data_keyword_argument="record", persistence_store=keys, config=config)
def work(record: SQSRecord) -> None:
    message = Message.model_validate_json(record.body)
    key = {"pk": message.user_id, "sk": f"G#{message.generation_id}"}
    table.get_item(Key=key, ConsistentRead=True)


def handle(record: SQSRecord) -> None:
    work(record=record)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> Any:
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
