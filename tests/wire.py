"""A DynamoDB client of botocore's whose requests are answered here, each as a test says, instead of being sent."""

import json
from collections.abc import Callable
from typing import Any, cast

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config


class _Raw:
    """The body of an answer, as botocore reads it from urllib3."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body


class Wire:
    """`answer` returns a status and a body, or raises what the network would; `sent` counts the requests."""

    def __init__(self, answer: Callable[[], tuple[int, Any]]) -> None:
        self._answer = answer
        self.sent = 0

    def client(self, config: Config) -> Any:
        session = botocore.session.get_session()
        session.set_credentials("test", "test")
        client = session.create_client("dynamodb", region_name="us-east-1", config=config)
        client.meta.events.register_last("before-send", cast(Any, self._send))
        return client

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        self.sent += 1
        status, body = self._answer()
        headers: Any = {"content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, status, headers, _Raw(json.dumps(body).encode()))
