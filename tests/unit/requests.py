"""Calls of the HTTP API as a function sees them: routed, and with a token that API Gateway has verified."""

import json
from collections.abc import Mapping
from typing import Any

from shared.http.request import Request
from shared.http.response import Response


def a_request(
    owner: str,
    body: Any = None,
    *,
    generation_id: str | None = None,
    query: Mapping[str, str] | None = None,
    **headers: str,
) -> Request:
    """Return a call of `owner`'s, of a create or a retry where the route matters; `headers` are with underscores."""
    return Request(
        {
            "routeKey": "POST /v1/generations" + ("" if generation_id is None else "/{generation_id}/retry"),
            "requestContext": {"requestId": "r-1", "authorizer": {"jwt": {"claims": {"sub": owner}}}},
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "pathParameters": {} if generation_id is None else {"generation_id": generation_id},
            "queryStringParameters": dict(query or {}),
            "body": None if body is None else json.dumps(body),
        }
    )


def body_of(answer: Response) -> dict[str, Any]:
    """Return an answer's body, which must be a JSON object."""
    assert isinstance(answer.body, Mapping)
    return dict(answer.body)
