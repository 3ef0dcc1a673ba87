"""OpenAI's Chat Completions, as OpenAI and the many "compatible" servers really speak it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects import chat_chunks
from functions.process.provider.dialects.contract import Wired
from functions.process.provider.events import BodyFraming, Framing
from functions.process.provider.report import Report, report_of_bytes
from functions.process.provider.request import ModelRequest, label_headers, schema_for
from functions.process.provider.terms import FORM_FIELD, MODALITIES_FIELD, Form, Modalities, Terms
from functions.process.provider.usage import final_usage_of
from shared.domain.generation import Usage

_LIMITS = ("max_completion_tokens", "max_tokens")
# These cannot be omitted.
_ALWAYS = frozenset({"model", "messages"})


class Compatible:
    """The smallest common form: Ollama, LM Studio, Mistral, DeepSeek, Groq, llama.cpp, vLLM, gateways."""

    takes_key = True
    bill_id_header: str | None = "X-Generation-Id"
    """OpenRouter's header. A gateway that forwards it also forwards the request for the cost."""
    limit_field = "max_tokens"
    """Older servers know only `max_tokens`; OpenAI's reasoning models refuse it."""
    effort_field = "reasoning_effort"

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def call(self, request: ModelRequest, terms: Terms, api_key: str) -> Wired:
        fields = {name: value for name, value in self._fields(request, terms).items() if name not in terms.without}
        body = json.dumps(fields, separators=(",", ":")).encode()
        headers = self._headers(api_key, "text/event-stream") | {"Content-Type": "application/json"}
        return Wired(
            f"{self._base_url}/chat/completions", body, headers | label_headers(request), frozenset(fields) - _ALWAYS
        )

    def framing(self, max_bytes: int) -> Framing:
        return BodyFraming(max_bytes)

    def read(self, answer: AnswerReader, event: bytes, *, last: bool) -> None:
        chat_chunks.read(answer, event, last=last)

    def refusal(self, body: bytes, _headers: Mapping[str, str]) -> Report:
        return report_of_bytes(body)

    def bill_request(self, bill_id: str, api_key: str) -> tuple[str, Mapping[str, str]] | None:
        return f"{self._base_url}/generation?id={quote(bill_id, safe='')}", self._headers(api_key, "application/json")

    def bill(self, document: Any) -> Usage | None:
        return final_usage_of(document.get("data")) if isinstance(document, dict) else None

    def _fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        limit = self.limit_field
        if limit in terms.without:
            limit = next(name for name in _LIMITS if name != limit)
        return {
            "model": request.model,
            "messages": _messages(request, terms),
            "stream": True,
            limit: request.max_completion_tokens,
            "user": request.user,
            **({self.effort_field: request.reasoning_effort} if request.reasoning_effort else {}),
            **(self._picture_fields(request, terms) if request.draws else self._form_fields(request, terms)),
            **self._own_fields(request, terms),
        }

    def _form_fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        if terms.form is Form.SCHEMA and request.schema is not None:
            schema = schema_for(request.schema, largest_bound=self.largest_bound(request.model))
            return {
                FORM_FIELD: {
                    "type": "json_schema",
                    "json_schema": {"name": request.schema_name, "strict": True, "schema": schema},
                }
            }
        return {FORM_FIELD: {"type": "json_object"}} if terms.form is Form.JSON_OBJECT else {}

    def _picture_fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        modalities = {Modalities.PICTURE_AND_TEXT: ["image", "text"], Modalities.PICTURE: ["image"]}.get(
            terms.modalities
        )
        return {
            **({MODALITIES_FIELD: modalities} if modalities else {}),
            "image_config": {"aspect_ratio": request.aspect_ratio},
        }

    def _own_fields(self, _request: ModelRequest, _terms: Terms) -> dict[str, Any]:
        # Without it, servers stream no usage.
        return {"stream_options": {"include_usage": True}}

    def largest_bound(self, _model: str) -> int | None:
        """Return the largest bound of length or count that the schema may have; 0 for none, None for any."""
        return 0

    def _headers(self, api_key: str, accept: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {api_key}",
            "Accept": accept,
            # The limit on bytes limits memory only if nothing is compressed.
            "Accept-Encoding": "identity",
            "User-Agent": "unstuck",
        }


class OpenAI(Compatible):
    """OpenAI itself, and Azure's."""

    limit_field = "max_completion_tokens"

    def largest_bound(self, _model: str) -> int | None:
        return None


def _messages(request: ModelRequest, terms: Terms) -> list[dict[str, str]]:
    messages = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    if terms.system_in_user and len(messages) > 1 and messages[0]["role"] == "system":
        joined = f"{messages[0]['content']}\n\n{messages[1]['content']}"
        return [{"role": "user", "content": joined}, *messages[2:]]
    return messages
