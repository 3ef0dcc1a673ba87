"""OpenRouter: Chat Completions for many models. It reports the cost of each call."""

from typing import Any

from functions.process.provider.dialects.chat_completions import Compatible
from functions.process.provider.request import ModelRequest
from functions.process.provider.terms import Form, Terms


class OpenRouter(Compatible):
    """With require_parameters, it drops every endpoint that does not list each parameter sent. Most list `max_tokens`,
    not `max_completion_tokens`. It always reports usage, and documents `stream_options` as without effect."""

    def largest_bound(self, model: str) -> int | None:
        return None if model.startswith("openai/") else 0

    def _fields(self, request: ModelRequest, terms: Terms) -> dict[str, Any]:
        fields = super()._fields(request, terms)
        if effort := fields.pop(self.effort_field, None):
            fields["reasoning"] = {"effort": effort}
        return fields

    def _own_fields(self, _request: ModelRequest, _terms: Terms) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        # It would drop every endpoint that draws: they accept the fields of a picture but list neither.
        if not _request.draws and _terms.form is not Form.NONE:
            fields["provider"] = {"require_parameters": True}
        if _request.fallback_models:
            fields["models"] = list(_request.fallback_models)
        return fields
