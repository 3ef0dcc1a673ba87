"""The least a worker can be: its key, one item read, one call of the model, its answer checked, one item written."""

import os
from pathlib import Path
from typing import Any

import boto3
import httpx
from pydantic import BaseModel

_table, _parameter = os.environ["TABLE_NAME"], os.environ["PROVIDER_KEY_PARAMETER"]
_dynamodb, _ssm = boto3.client("dynamodb"), boto3.client("ssm")
_http = httpx.Client(base_url=os.environ["LLM_BASE_URL"], timeout=30)
_text = Path(os.environ["SOURCE_TEXT_FILE"]).read_text()


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


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    key = _ssm.get_parameter(Name=_parameter, WithDecryption=True)["Parameter"]["Value"]
    for record in event["Records"]:
        message = Message.model_validate_json(record["body"])
        head = {"pk": {"S": message.user_id}, "sk": {"S": f"G#{message.generation_id}"}}
        _dynamodb.get_item(TableName=_table, Key=head, ConsistentRead=True)
        made = cards(key)
        step = head | {"sk": {"S": f"S#{message.generation_id}#floor"}, "result": {"S": made.model_dump_json()}}
        _dynamodb.put_item(TableName=_table, Item=step)
    return {"batchItemFailures": []}


def cards(key: str) -> Cards:
    """Ask the model once."""
    form = {"name": "flashcards", "strict": True, "schema": Cards.model_json_schema()}
    asked = {
        "model": os.environ["DEFAULT_MODEL"],
        "messages": [{"role": "user", "content": f"Make flashcards.\n<source_text>\n{_text}\n</source_text>"}],
        "response_format": {"type": "json_schema", "json_schema": form},
    }
    answer = _http.post("/chat/completions", json=asked, headers={"authorization": f"Bearer {key}"})
    answer.raise_for_status()
    return Cards.model_validate_json(answer.json()["choices"][0]["message"]["content"])
