"""docs/http.md is what is rendered, and its examples are answers that the OpenAPI document describes.

`tests/e2e/test_listed_errors.py` has each call answer each error that the page lists.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import pytest

from docs import render_http
from docs.http_fields import Fields
from docs.openapi_operations import OPERATIONS
from tests.e2e.contract import DOCUMENT, closed

PAGE = render_http.PAGE.read_text(encoding="utf-8")
EXAMPLES: dict[str, Any] = json.loads(render_http.EXAMPLES.read_text(encoding="utf-8"))


def section(route: str) -> str:
    """Return what the page says below a call's heading."""
    found = PAGE.partition(f"\n## `{route}`\n")[2]
    return re.split(r"^## ", found, maxsplit=1, flags=re.MULTILINE)[0]


def described(route: str) -> dict[str, Any]:
    method, path = route.split(" ")
    return dict(DOCUMENT["paths"][path][method.lower()])


def assert_fits(schema: dict[str, Any], value: Any) -> None:
    validator = jsonschema_rs.Draft202012Validator(
        {"components": closed(DOCUMENT), "allOf": [schema]}, validate_formats=True
    )
    assert [error.message for error in validator.iter_errors(value)] == []


def test_the_page_is_what_is_rendered() -> None:
    assert render_http.main(["--check"]) == 0


def test_an_outdated_page_is_found_and_rendered_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "http.md"
    page.write_text(PAGE.replace("202 Accepted", "200 OK"), encoding="utf-8")
    assert render_http.main(["--check", "--file", str(page)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert render_http.main(["--file", str(page)]) == 0
    assert page.read_text(encoding="utf-8") == PAGE


def test_a_call_without_its_marks_is_refused_by_name(tmp_path: Path) -> None:
    page = tmp_path / "http.md"
    page.write_text(PAGE.replace("<!-- end: getUsage -->", ""), encoding="utf-8")
    with pytest.raises(ValueError, match="getUsage"):
        render_http.main(["--file", str(page)])


@pytest.mark.parametrize("route", OPERATIONS)
def test_each_call_has_a_section_with_an_example_its_answers_and_its_errors(route: str) -> None:
    method, path = route.split(" ")
    text = section(route)
    assert re.search(rf"^{method} {re.sub(r'{\w+}', '[^/ ]+', path)}(\?\S*)? HTTP/1\.1$", text, re.MULTILINE)
    assert f"\nHTTP/1.1 {EXAMPLES[route]['response']['status']} " in text
    for status in described(route)["responses"]:
        assert int(status) >= 400 or f"**Answer {status}.**" in text
    assert set(re.findall(r"^\| \d+ \| \[`(\w+)`\]\(errors\.md#\1\) \|", text, re.MULTILINE)) >= set(
        OPERATIONS[route].codes
    )


@pytest.mark.parametrize("route", OPERATIONS)
def test_each_recorded_request_is_one_that_the_call_takes(route: str) -> None:
    operation, request = described(route), EXAMPLES[route]["request"]
    path, query = urlsplit(request["target"]).path, urlsplit(request["target"]).query
    assert re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.split(" ")[1]), path)
    known = {each["name"].lower(): each["schema"] for each in operation.get("parameters", ())}
    sent = {name: values[0] for name, values in parse_qs(query).items()} | request["headers"]
    for name, value in sent.items():
        assert_fits(known[name], int(value) if value.isdecimal() else value)
    if "requestBody" in operation:
        assert_fits(operation["requestBody"]["content"]["application/json"]["schema"], request["body"])
    else:
        assert request["body"] is None


@pytest.mark.parametrize("route", OPERATIONS)
def test_each_recorded_answer_is_one_that_the_document_describes(route: str) -> None:
    answer = EXAMPLES[route]["response"]
    response = described(route)["responses"][str(answer["status"])]
    headers = {name.lower(): header for name, header in response["headers"].items()}
    assert set(answer["headers"]) - {"content-type"} <= set(headers)
    assert {name for name, header in headers.items() if header.get("required")} <= set(answer["headers"])
    if "content" in response:
        assert_fits(response["content"]["application/json"]["schema"], answer["body"])
    else:
        assert answer["body"] is None


def test_the_examples_name_no_machine_and_hold_no_token() -> None:
    text = json.dumps(EXAMPLES)
    for found in ("127.0.0.1", "localhost", "/_aws/", "/tmp", "authorization", "sk-", "eyJ"):  # noqa: S108 - looked for
        assert found not in text


@pytest.mark.parametrize("name", ["Generation", "Usage", "Problem"])
def test_an_objects_table_has_each_of_its_fields_once(name: str) -> None:
    rows = re.findall(
        r"^\| `([\w.\[\]]+)` \| .+? \| (?:yes|no) \| .* \|$", Fields(DOCUMENT).section(name), re.MULTILINE
    )
    assert len(rows) == len(set(rows))
    assert {row for row in rows if "." not in row and "[" not in row} == set(
        DOCUMENT["components"]["schemas"][name]["properties"]
    )


def test_each_field_on_the_page_has_a_meaning() -> None:
    """A kind's own fields need none: their names and bounds may say enough."""
    without_kinds = re.sub(r"^\*\*`\w+`\.\*\* .*\n\n(?:\|.*\n)+", "", PAGE, flags=re.MULTILINE)
    rows = re.findall(r"^\| (`[\w.\[\]-]+`) \| .*? \| (.*) \|$", without_kinds, re.MULTILINE)
    assert len(rows) > 200
    assert {name for name, rest in rows if not rest.rpartition("|")[2].strip()} == set()
