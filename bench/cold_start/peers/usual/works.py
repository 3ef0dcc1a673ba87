"""A worker as Powertools' documentation builds it: batch processor, Idempotency, parameters, Tracer, boto3."""

import os
from pathlib import Path
from typing import Any

import boto3
import httpx
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities import parameters
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
http = httpx.Client(base_url=os.environ["LLM_BASE_URL"], timeout=30)
text = Path(os.environ["SOURCE_TEXT_FILE"]).read_text()
keys = DynamoDBPersistenceLayer(
    table_name=os.environ["TABLE_NAME"], key_attr="pk", sort_key_attr="sk", static_pk_value="usual#idempotency"
)
# A second: each cold start must do the work, and must not answer with the previous one's stored result.
config = IdempotencyConfig(event_key_jmespath="messageId", expires_after_seconds=1)


class Message(BaseModel):
    """A message's body."""

    user_id: str
    generation_id: str


class Card(BaseModel):
    """One card."""

    front: str
    back: str


class Cards(BaseModel):
    """The prompt for the model."""

    suggestions: list[Card]


@tracer.capture_method(capture_response=False)
def ask() -> Cards:
    key = parameters.get_parameter(os.environ["PROVIDER_KEY_PARAMETER"], decrypt=True, max_age=300)
    form = {"name": "flashcards", "strict": True, "schema": Cards.model_json_schema()}
    asked = {
        "model": os.environ["DEFAULT_MODEL"],
        "messages": [{"role": "user", "content": f"Make flashcards.\n<source_text>\n{text}\n</source_text>"}],
        "response_format": {"type": "json_schema", "json_schema": form},
    }
    answer = http.post("/chat/completions", json=asked, headers={"authorization": f"Bearer {key}"})
    answer.raise_for_status()
    return Cards.model_validate_json(answer.json()["choices"][0]["message"]["content"])


@tracer.capture_method
@idempotent_function(data_keyword_argument="record", persistence_store=keys, config=config)
def work(record: SQSRecord) -> None:
    message = Message.model_validate_json(record.body)
    table.get_item(Key={"pk": message.user_id, "sk": f"G#{message.generation_id}"}, ConsistentRead=True)
    made = ask()
    step = {"pk": message.user_id, "sk": f"S#{message.generation_id}#usual", "result": made.model_dump_json()}
    table.put_item(Item=step)


def handle(record: SQSRecord) -> None:
    work(record=record)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> Any:
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
