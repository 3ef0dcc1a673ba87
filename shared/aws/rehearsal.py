"""Rehearses a client's call: signs and parses it but never sends it, so that everything a first call needs is loaded.

Uses only botocore's documented events, and no network.
"""

import io
from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

_CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "dynamodb": ("GetItem", "get_item", {"TableName": "rehearsal", "Key": {"pk": {"S": "rehearsal"}}}),
    "sqs": ("SendMessage", "send_message", {"QueueUrl": "https://rehearsal.invalid/", "MessageBody": "rehearsal"}),
    "ssm": ("GetParameter", "get_parameter", {"Name": "rehearsal"}),
}
"""For each service, a call that every client of it can make."""


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def rehearse(client: Any) -> None:
    """Make the client's call and answer it with an empty object. Does nothing for a service without a call here.

    Needs credentials in the environment: without them, botocore looks for credentials in the network.
    """
    model = client.meta.service_model
    if model.service_name not in _CALLS:
        return
    operation, method, asked = _CALLS[model.service_name]
    named = f"{model.service_id.hyphenize()}.{operation}"
    events = client.meta.events
    events.register(f"before-call.{named}", _name_it)
    events.register(f"before-send.{named}", _answer)
    try:
        getattr(client, method)(**asked)
    finally:
        events.unregister(f"before-send.{named}", _answer)
        events.unregister(f"before-call.{named}", _name_it)


def _name_it(params: dict[str, Any], **_: Any) -> None:
    """Set the id that botocore would draw at random. Nothing random may be drawn before the first event."""
    params["context"].setdefault("retries", {})["invocation-id"] = "rehearsal"


def _answer(request: Any, **_: Any) -> AWSResponse:
    return AWSResponse(request.url, 200, HTTPHeaders(), _Body(b"{}"))
