"""Writes the rendered parts of docs/http.md, or checks that they are there: examples, fields, headers and errors.

Run it as `.venv/bin/python -m docs.render_http [--check]`. The words come from the OpenAPI document, the examples from
docs/http_examples.json, which `docs.record_http` records.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from docs.http_fields import SECTIONS, Fields, escaped, table, yes
from docs.openapi_forms import GATEWAY_MEANINGS
from docs.openapi_operations import OPERATIONS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "http.md"
EXAMPLES = ROOT / "docs" / "http_examples.json"
DOCUMENT = ROOT / "functions" / "status" / "openapi.json"
_COMMAND = "python -m docs.render_http"
_LONGEST_TEXT = 160
Json = Mapping[str, Any]


def page(text: str, document: Json, examples: Json) -> str:
    """Return the page with the text between its marks replaced. Raises ValueError if a mark is missing."""
    fields = Fields(document)
    parts = {each.name: _call(route, document, fields, examples[route]) for route, each in OPERATIONS.items()}
    parts["objects"] = "\n\n".join(f"### {heading}\n\n{fields.section(name)}" for name, heading in SECTIONS.items())
    gateway = [(str(status), said) for status, said in GATEWAY_MEANINGS.items()]
    parts["gateway"] = table(("status", "what happened"), gateway)
    for name, rendered in parts.items():
        begin, end = f"<!-- begin: {name}, rendered by docs/render_http.py -->", f"<!-- end: {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{PAGE.name} must hold both marks: {begin} and {end}")
        text = f"{before}{begin}\n\n{rendered}\n\n{end}{after}"
    return text


def _call(route: str, document: Json, fields: Fields, example: Json) -> str:
    method, path = route.split(" ")
    operation = document["paths"][path][method.lower()]
    parts = [_request(method, operation, example["request"]), _response(example["response"])]
    if "parameters" in operation:
        rows = [_parameter(each, fields) for each in operation["parameters"]]
        parts.append(f"**Parameters**\n\n{table(('name', 'in', 'type', 'required', 'meaning'), rows)}")
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]["schema"]
        optional = "" if operation["requestBody"]["required"] else " (may be left out)"
        parts.append(f"**Body**{optional}\n\n{fields.of(content)}")
    parts += _answers(operation, document, fields)
    if errors := [*_errors(operation, document)]:
        parts.append(f"**Errors**\n\n{table(('status', 'code', 'what happened'), errors)}")
    return "\n\n".join(parts)


def _request(method: str, operation: Json, request: Json) -> str:
    lines = [f"{method} {request['target']} HTTP/1.1", "Host: api.example.com"]
    if operation.get("security") != []:
        lines.append("Authorization: Bearer eyJhbGciOiJSUzI1NiIs...")
    lines += [f"{name.title()}: {value}" for name, value in request["headers"].items()]
    if request["body"] is not None:
        lines += ["Content-Type: application/json", "", _json(request["body"])]
    return _fenced(lines)


def _response(response: Json) -> str:
    lines = [f"HTTP/1.1 {response['status']} {HTTPStatus(response['status']).phrase}"]
    lines += [f"{_HEADERS.get(name, name.title())}: {value}" for name, value in response["headers"].items()]
    if response["body"] is not None:
        lines += ["", _json(response["body"])]
    return _fenced(lines)


_HEADERS = {"etag": "ETag", "ratelimit": "RateLimit", "ratelimit-policy": "RateLimit-Policy"}


def _fenced(lines: list[str]) -> str:
    return "\n".join(["```http", *lines, "```"])


def _json(value: Any) -> str:
    return json.dumps(_shortened(value), indent=2, ensure_ascii=False)


def _shortened(value: Any) -> Any:
    """Return the value with long texts cut, as the page says."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{' '.join(value[: _LONGEST_TEXT // 2].split())}..."
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    return value


def _parameter(parameter: Json, fields: Fields) -> tuple[str, ...]:
    schema = parameter["schema"]
    bounds = "" if parameter["name"] == "Idempotency-Key" else fields.meaning({**schema, "description": ""})
    meaning = f"{escaped(parameter['description'])} {bounds}".strip()
    needed = yes(parameter.get("required", False))
    return (f"`{parameter['name']}`", parameter["in"], fields.typed(schema), needed, meaning)


def _answers(operation: Json, document: Json, fields: Fields) -> Iterator[str]:
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            continue
        said = f"**Answer {status}.** {response['description']}"
        content = response.get("content", {}).get("application/json")
        if content is not None and content["schema"].get("$ref"):
            said += f"\n\n{fields.of(content['schema'])}"
        yield said
        rows = [_header(name, header, document) for name, header in response["headers"].items()]
        yield table(("header", "always", "meaning"), rows)


def _header(name: str, header: Json, document: Json) -> tuple[str, ...]:
    text = header.get("description") or document["components"]["headers"][name]["description"]
    always = name == "Cache-Control" or header.get("required", False)
    return (f"`{name}`", yes(always), escaped(text))


def _errors(operation: Json, document: Json) -> Iterator[tuple[str, ...]]:
    for status, response in operation["responses"].items():
        if int(status) < 400:
            continue
        for code in codes_of(response):
            title = document["x-problems"][code]["title"]
            yield (status, f"[`{code}`](errors.md#{code})", escaped(title))


def codes_of(response: Json) -> list[str]:
    """Return the codes that an answer of the OpenAPI document may have."""
    problem = response.get("content", {}).get("application/problem+json")
    return list(problem["schema"]["allOf"][1]["properties"]["code"]["enum"]) if problem else []


def rendered(file: Path = PAGE) -> str:
    """Return the required text of the page."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return page(file.read_text(encoding="utf-8"), document, examples)


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if the page is up to date in the end, 1 if `--check` finds that it is not."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page is out of date")
    parser.add_argument("--file", type=Path, default=PAGE, help="another file than docs/http.md")
    given = parser.parse_args(arguments)
    wanted = rendered(given.file)
    if given.check and given.file.read_text(encoding="utf-8") != wanted:
        print(f"{given.file} is out of date: run .venv/bin/{_COMMAND}", file=sys.stderr)
        return 1
    if not given.check:
        given.file.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
