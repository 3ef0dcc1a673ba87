"""The schemas that no model of the code describes: parameters, headers, the texts behind type aliases, error bodies."""

from typing import Any

from shared import kinds
from shared.domain.codes.problems import PROBLEMS
from shared.domain.states import Status

_UUID7 = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_LABEL = "^[A-Za-z0-9._:~-]{1,64}$"

SCHEMAS: dict[str, dict[str, Any]] = {
    "GenerationId": {"type": "string", "format": "uuid", "pattern": _UUID7},
    "CardId": {"type": "string", "format": "uuid", "pattern": _UUID7},
    "Moment": {"type": "string", "format": "date-time", "description": "UTC, to the millisecond."},
    "Label": {"type": "string", "pattern": _LABEL, "description": "The caller's own; it means nothing to the service."},
    "Cursor": {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{23}$",
        "description": "Opaque: send it as it was answered.",
    },
    "Error": {
        "description": "Why a call was not done: as the service says it, or as API Gateway does.",
        "oneOf": [{"$ref": "#/components/schemas/Problem"}, {"$ref": "#/components/schemas/GatewayMessage"}],
    },
    "GatewayMessage": {
        "type": "object",
        "description": "What API Gateway answers itself.",
        "properties": {"message": {"type": ["string", "null"]}},
        "required": ["message"],
    },
    "FieldError": {
        "type": "object",
        "description": "What is wrong with one field; never what was sent.",
        "properties": {
            "field": {"type": "string", "description": "Path of the field, such as `decisions.0.number`."},
            "code": {"type": "string", "description": "What is wrong with it, in one word."},
            "message": {"type": "string", "description": "The same in words for people; it may change."},
        },
        "required": ["field", "code", "message"],
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457. `detail` and `errors` are there only where they say more.",
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Leads to the problem's text."},
            "title": {"type": "string", "description": "What happened, in words for people; it may change."},
            "status": {"type": "integer", "description": "The HTTP status again."},
            "code": {"enum": list(PROBLEMS), "description": "What happened, for programs; it is stable."},
            "request_id": {"type": "string", "description": "Name it when you report the problem."},
            "detail": {"type": "string", "description": "More of this one case."},
            "errors": {
                "type": "array",
                "description": "Each field that is wrong, in the body or the query.",
                "items": {"$ref": "#/components/schemas/FieldError"},
                "minItems": 1,
            },
        },
        "required": ["type", "title", "status", "code", "request_id"],
    },
}

HEADERS: dict[str, dict[str, Any]] = {
    "Cache-Control": {
        "description": "`no-store`, except for answers that need no token.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Names this state, for If-None-Match.", "schema": {"type": "string"}},
    "Location": {
        "description": "Where to read the generation, relative to the address of this call.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Seconds to wait before you poll or retry, a whole number.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "RateLimit": {
        "description": 'How many are left (r), and the seconds until one more is (t): `"create";r=4;t=300`.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'How many (q) in how many seconds (w): `"create";q=5;w=300`.',
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "The request was let in before; nothing was started.",
        "schema": {"const": "true"},
    },
}

GATEWAY_MEANINGS = {
    401: "There is no valid token.",
    403: "The deployment's authorizer function refuses the token.",
    404: "There is no such route.",
    429: "Too many calls at once.",
    500: "The token or the call could not be judged.",
    503: "The function cannot be reached.",
}


def _parameter(where: str, name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": where, "description": description, "schema": schema}
    return parameter | ({"required": True} if where == "path" else {})


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return _parameter("query", name, schema, description)


PARAMETERS: dict[str, dict[str, Any]] = {
    "generation_id": _parameter(
        "path", "generation_id", {"$ref": "#/components/schemas/GenerationId"}, "As the create answered it."
    ),
    "card_id": _parameter("path", "card_id", {"$ref": "#/components/schemas/CardId"}, "As the list of cards has it."),
    "number": _parameter(
        "path", "number", {"type": "integer", "minimum": 1, "maximum": 9999}, "The suggestion's 1-based place."
    ),
    "session_id": _query("session_id", {"$ref": "#/components/schemas/Label"}, "Only those of this session."),
    "status": _query("status", {"enum": [str(status) for status in Status]}, "Only those that stand so."),
    "kind": _query("kind", {"enum": list(kinds.names())}, "Only those of this kind."),
    "fields": _query(
        "fields",
        {"enum": ["output"]},
        "Each row with its output as well: of 32 KiB at most, on a page of 256 KiB at most. `limit` is then 1 to 25, "
        "10 if absent.",
    ),
    "limit": _query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "Most on this page."),
    "cursor": _query("cursor", {"$ref": "#/components/schemas/Cursor"}, "`next_cursor` of the page before."),
    "month": _query("month", {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}, "YYYY-MM; now if absent."),
    "results": _query("results", {"enum": ["true", "false"]}, "Whether each stored step comes with its result."),
    "expected_progress": _query(
        "expected_progress", {"type": "integer", "minimum": 0, "maximum": 100}, "What the caller has seen already."
    ),
    "min_version": _query(
        "min_version", {"type": "integer", "minimum": 1, "maximum": 10**9 - 1}, "What the caller has seen already."
    ),
    "If-None-Match": _parameter("header", "If-None-Match", {"type": "string"}, "An ETag: 304 when it still holds."),
    "Idempotency-Key": _parameter(
        "header",
        "Idempotency-Key",
        {"type": "string", "pattern": '^(?:[!#-~][!-~]{0,254}|"(?:[!#-\\[\\]-~]|\\\\["\\\\]){1,255}")$'},
        "1 to 255 visible characters of ASCII, quoted or not: the same key and body within a day start nothing new.",
    ),
}
