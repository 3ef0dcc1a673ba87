"""Makes functions/status/openapi.json from the route tables, the models and the problems, or checks it against them.

Run it as `.venv/bin/python -m docs.render_openapi [--check] [--file FILE]`. This does not exist at run time: the file
is served.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from docs.failures import failures
from docs.field_texts import described
from docs.openapi_forms import GATEWAY_MEANINGS, HEADERS, PARAMETERS, SCHEMAS
from docs.openapi_kinds import add_outputs, create_forms
from docs.openapi_kinds import names as forms_of
from docs.openapi_operations import OPERATIONS, Operation, Reply
from docs.openapi_parts import OwnTitles, plain
from docs.openapi_reviews import add_reviews
from functions.actions import bodies
from functions.actions.handler import ROUTES as ACTIONS
from functions.create.handler import ROUTES as CREATE
from functions.live.handler import ROUTES as LIVE
from functions.status.handler import ROUTES as STATUS
from shared import kinds
from shared.domain.codes import Code
from shared.domain.codes.problems import PROBLEMS
from shared.view import schemas as answers

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "functions" / "status" / "openapi.json"
_REF = "#/components/schemas/{model}"
Json = dict[str, Any]


def document() -> Json:
    """Return the document. Raises ValueError if the route tables and the described operations differ."""
    routes = {*CREATE, *STATUS, *ACTIONS, *LIVE}
    if routes != set(OPERATIONS):
        raise ValueError(f"described and routed differ in {sorted(routes ^ set(OPERATIONS))}")
    schemas: Json = {}
    paths: Json = {}
    for route, operation in OPERATIONS.items():
        method, path = route.split(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(path, operation, schemas)
    _describe_fields(schemas)
    add_reviews(schemas)
    add_outputs(schemas)
    schemas |= SCHEMAS  # an alias's own form replaces the plain text of its type
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in OPERATIONS.values())],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "x-problems": _codes(PROBLEMS),
        "x-failures": _codes(failures()),
        "x-kinds": {name: forms_of(kinds.load(name)) for name in kinds.names()},
    }


def _describe_fields(schemas: Json) -> None:
    for name, schema in schemas.items():
        model = getattr(answers, name, None) or getattr(bodies, name, None)
        if isinstance(model, type) and schema.get("type") == "object":
            schemas[name] = described(schema, model)


def _info() -> Json:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "title": "Unstuck",
        "version": version[1] if version else "",
        "description": "AI generations that cannot get stuck. A problem has a `code` of a closed set; its `type` leads "
        "to `x-problems`, or to where the deployment publishes the same text. API Gateway answers some calls itself, "
        "in the form of `GatewayMessage`: `Error` is either.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _codes(register: Mapping[str, Code]) -> Json:
    """Return each code's entry, so that a problem's `type` leads to it wherever the API is."""
    found: Json = {}
    for name, code in register.items():
        entry: Json = {"title": code.title, "fix": code.fix, "fault": str(code.fault), "description": code.detail}
        if code.status:
            entry["status"] = code.status
        found[name] = entry
    return found


def _operation(path: str, operation: Operation, schemas: Json) -> Json:
    described: Json = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    names = [*re.findall(r"{(\w+)}", path), *operation.takes]
    if names:
        described["parameters"] = [PARAMETERS[name] for name in names]
    if operation.body is not None:
        content = {"application/json": {"schema": _body(operation.body, schemas)}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    replies = {str(status): _reply(reply, schemas) for status, reply in operation.replies.items()}
    described["responses"] = replies | _refusals(operation)
    if not operation.with_token:
        described["security"] = []
    return described


def _body(body: type | str, schemas: Json) -> Json:
    if not isinstance(body, str):
        return _schema(body, schemas, "validation")
    return create_forms(schemas)


def _schema(kind: type, schemas: Json, mode: Any) -> Json:
    """Return a reference to a type's schema, and add the schema to `schemas` with all schemas that it refers to."""
    if kind is dict:
        return {"type": "object"}
    schema = TypeAdapter(kind).json_schema(ref_template=_REF, mode=mode, schema_generator=OwnTitles)
    schemas |= {name: plain(each) for name, each in schema.pop("$defs", {}).items()}
    schemas[kind.__name__] = plain(schema)
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _reply(reply: Reply, schemas: Json) -> Json:
    described: Json = {"description": reply.meaning}
    headers = dict.fromkeys(reply.always, True) | dict.fromkeys(reply.often, False)
    described["headers"] = {"Cache-Control": _header("Cache-Control")} | {
        name: _header(name, required=required) for name, required in headers.items()
    }
    if reply.answer is not None:
        described["content"] = {"application/json": {"schema": _schema(reply.answer, schemas, "serialization")}}
    return described


def _header(name: str, *, required: bool = False) -> Json:
    header = {"$ref": f"#/components/headers/{name}"}
    return {**HEADERS[name], "required": True} if required else header


def _refusals(operation: Operation) -> Json:
    """Return the answers that are problems, by status, including API Gateway's own."""
    by_status: dict[int, list[str]] = {}
    for code in operation.codes:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    own = {status: meaning for status, meaning in GATEWAY_MEANINGS.items() if operation.with_token or status >= 404}
    return {str(status): _refusal(by_status.get(status, []), own.get(status)) for status in sorted({*by_status, *own})}


def _refusal(codes: Iterable[str], gateway: str | None) -> Json:
    codes = list(codes)
    meanings = [f"`{code}`: {PROBLEMS[code].title}" for code in codes] + (
        [f"API Gateway: {gateway}"] if gateway else []
    )
    # First the schema of both forms: generated clients read every answer of a status by the first one described.
    content: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    if codes:
        own = {"properties": {"code": {"enum": codes}}}
        schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, own]}
        content["application/problem+json"] = {"schema": schema}
    headers: Json = {}
    status = PROBLEMS[codes[0]].status if codes else 0
    if status in (429, 503):
        headers["Retry-After"] = _header("Retry-After")
    if status == 429:
        headers |= {name: _header(name) for name in ("RateLimit", "RateLimit-Policy")}
    described: Json = {"description": " ".join(meanings), "content": content}
    return described | ({"headers": headers} if headers else {})


def rendered() -> str:
    """Return the file's text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if the file is up to date in the end, 1 if `--check` finds that it is not."""
    parser = argparse.ArgumentParser(prog="python -m docs.render_openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the file is out of date")
    parser.add_argument("--file", type=Path, default=FILE, help="another file than the one that is served")
    given = parser.parse_args(arguments)
    check, file, wanted = given.check, given.file, rendered()
    if check and (not file.exists() or file.read_text(encoding="utf-8") != wanted):
        print(f"{file} is out of date: run .venv/bin/python -m docs.render_openapi", file=sys.stderr)
        return 1
    if not check:
        file.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
