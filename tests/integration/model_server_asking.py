"""A test's requests to the local model server, and how it reads the answers."""

import json
from typing import Any

import httpx

KEY = "a made-up key"
TEXT = "A cell is the smallest unit of life. A gene is a stretch of DNA. Enzymes are proteins that help. " * 3
SCHEMA = {
    "type": "object",
    "properties": {
        "suggestions": {
            "type": "array",
            "items": {"type": "object", "properties": {"front": {"type": "string"}, "back": {"type": "string"}}},
        }
    },
}


def asking(model: str, **changes: Any) -> dict[str, Any]:
    message = {"role": "user", "content": f"Make cards.\n<source_text>\n{TEXT}\n</source_text>\n"}
    shape = {"type": "json_schema", "json_schema": {"name": "flashcards", "strict": True, "schema": SCHEMA}}
    return {"model": model, "messages": [message], "stream": True, "response_format": shape, **changes}


def ask(client: httpx.Client, model: str, **changes: Any) -> httpx.Response:
    return client.post("/chat/completions", json=asking(model, **changes))


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    data = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in data if line != "[DONE]"]


def content(response: httpx.Response) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks(response))


def finish(response: httpx.Response) -> str | None:
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks(response)]
    return next((reason for reason in reasons if reason), None)
