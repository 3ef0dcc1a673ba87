"""Holds an answer of the API against the OpenAPI document: status, headers, media type and every field of its body."""

import copy
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

DOCUMENT: dict[str, Any] = json.loads(Path("functions/status/openapi.json").read_text(encoding="utf-8"))
_OPEN = ("GatewayMessage",)  # the gateway's


@cache
def _components(document: "Document") -> dict[str, Any]:
    return closed(document.content)


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas, closed: clients must take a field that they do not know, and here none may be forgotten."""
    schemas = copy.deepcopy(document["components"]["schemas"])
    for name, schema in schemas.items():
        if "properties" in schema and name not in _OPEN:
            schema["additionalProperties"] = False
    return {"schemas": schemas}


@cache
def _validator(document: "Document", route: str, status: str, media_type: str) -> Any:
    method, path = route.split(" ")
    content = document.content["paths"][path][method]["responses"][status].get("content", {})
    assert media_type in content, f"{route} answers {status} as {media_type}, which is not described"
    schema = {"components": _components(document), "allOf": [content[media_type]["schema"]]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def route_of(method: str, path: str) -> str | None:
    """Return the described route that a path below the API's address belongs to, None for none."""
    for template, methods in DOCUMENT["paths"].items():
        if method.lower() in methods and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return f"{method.lower()} {template}"
    return None


@dataclass(frozen=True, eq=False)
class Document:
    """The document to check answers against: the committed one, or that of a stack with own kinds."""

    content: dict[str, Any]


COMMITTED = Document(DOCUMENT)


def assert_described(response: httpx.Response, document: Document = COMMITTED) -> None:
    """Check an answer; a call of no route at all is API Gateway's own matter. An httpx hook for responses."""
    response.read()
    # API Gateway answers for CORS, and to browsers alone: what a function sets, it would drop or double.
    if "origin" not in response.request.headers:
        assert not [name for name in response.headers if name.startswith("access-control-")], response.headers
    path = "/v1" + str(response.request.url).partition("/v1")[2].partition("?")[0]
    route = route_of(response.request.method, path)
    if route is None:
        return
    if response.status_code >= 500 and response.headers.get("content-type") != "application/problem+json":
        return  # made by the gateway: the function's process died under the call
    method, template = route.split(" ")
    described, status = document.content["paths"][template][method]["responses"], str(response.status_code)
    assert status in described, f"{route} answers {status}, which is not described: {response.text}"
    for name, header in described[status].get("headers", {}).items():
        assert not header.get("required") or name in response.headers, f"{route} {status} without {name}"
    if not described[status].get("content"):
        assert response.content == b"", (route, response.text)
        return
    media_type = response.headers["content-type"].partition(";")[0]
    for error in _validator(document, route, status, media_type).iter_errors(response.json()):
        raise AssertionError(f"{route} {status}: {error.message} in {response.text}")


@cache
def _of_a_head() -> Any:
    schema = {"components": _components(COMMITTED), "$ref": "#/components/schemas/Generation"}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def assert_frame(frame: dict[str, Any]) -> None:
    """Check a message of a live connection: the head as the API shows it, and nothing besides."""
    if frame["type"] == "partial":
        known = {"type", "generation_id", "attempt", "step", "number", "output"}
        assert known <= set(frame) <= known | {"offset"}, frame
        return
    assert frame["type"] == "generation"
    assert set(frame) <= {"type", "etag", "look_after_seconds", "generation"}, frame
    head = frame["generation"]
    assert ("look_after_seconds" in frame) is ("finished_at" not in head), frame
    for error in _of_a_head().iter_errors(head):
        raise AssertionError(f"{error.message} in {head}")
