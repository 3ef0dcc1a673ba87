"""The handlers' tables, the template's routes and the OpenAPI document tell of the same calls."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import render_openapi
from docs.openapi_operations import OPERATIONS
from functions.actions.handler import ROUTES as ACTIONS
from functions.create.handler import ROUTES as CREATE
from functions.live.handler import ROUTES as LIVE
from functions.status.handler import ROUTES as STATUS
from shared.domain.codes.problems import PROBLEMS
from shared.domain.states import Status
from shared.http.response import Route
from shared.view import schemas
from tests.unit.test_template import TEMPLATE, _Loader, of_type

WITHOUT_TOKEN = {"GET /v1/openapi.json", "GET /v1/health"}
TABLES: Mapping[str, Mapping[str, Route]] = {"Create": CREATE, "Status": STATUS, "Actions": ACTIONS, "Live": LIVE}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader)["Resources"])  # noqa: S506 - a SafeLoader


def http_routes(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of the HTTP API, without those of the WebSocket API."""
    routes = of_type(resources, "AWS::ApiGatewayV2::Route").values()
    return [route for route in routes if route["ApiId"] == {"Ref": "Api"}]


def served() -> dict[str, Any]:
    return dict(json.loads(render_openapi.FILE.read_text(encoding="utf-8")))


def described() -> set[str]:
    return {f"{method.upper()} {path}" for path, methods in served()["paths"].items() for method in methods}


def test_each_route_of_the_template_leads_to_the_function_whose_table_has_it(resources: dict[str, Any]) -> None:
    found = {
        route["RouteKey"]: route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("Integration}")
        for route in http_routes(resources)
    }
    tables = {route: name for name, table in TABLES.items() for route in table}
    reads = {route.replace("GET", "HEAD", 1): name for route, name in tables.items() if route.startswith("GET ")}
    assert found == tables | reads


def test_no_route_stands_in_two_tables() -> None:
    assert sum(len(table) for table in TABLES.values()) == len({route for table in TABLES.values() for route in table})


def test_the_document_describes_each_route_and_no_other() -> None:
    assert described() == {route for table in TABLES.values() for route in table}


def test_every_path_but_two_wants_a_token(resources: dict[str, Any]) -> None:
    for route in http_routes(resources):
        if route["RouteKey"].replace("HEAD", "GET", 1) in WITHOUT_TOKEN:
            assert (route["AuthorizationType"], route.get("AuthorizerId")) == ("NONE", None)
        else:
            assert route["AuthorizationType"] == {"Fn::If": ["FunctionVerifies", "CUSTOM", "JWT"]}
            either = ["FunctionVerifies", {"Ref": "RequestAuthorizer"}, {"Ref": "Authorizer"}]
            assert route["AuthorizerId"] == {"Fn::If": either}


def test_every_route_is_throttled_those_that_anybody_may_call_and_the_dear_ones_lower(
    resources: dict[str, Any],
) -> None:
    parameters = dict(yaml.load(TEMPLATE.read_text(), _Loader)["Parameters"])  # noqa: S506 - a SafeLoader
    stage = resources["Stage"]["Properties"]

    def limits(settings: dict[str, Any]) -> tuple[int, int]:
        rate, burst = settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]
        return tuple(parameters[each["Ref"]]["Default"] if isinstance(each, dict) else each for each in (rate, burst))

    rate, burst = limits(stage["DefaultRouteSettings"])
    assert 0 < rate <= burst <= 10_000, "an account's own limit is 10,000 a second"
    free = WITHOUT_TOKEN | {route.replace("GET", "HEAD") for route in WITHOUT_TOKEN}
    dear = {"DELETE /v1/me", "POST /v1/generations/{generation_id}/suggestions"}
    assert set(stage["RouteSettings"]) == free | dear | {"GET /v1/generations", "GET /v1/cards"}
    for route, settings in stage["RouteSettings"].items():
        own, own_burst = limits(settings)
        assert 0 < own <= own_burst <= burst
        assert own * (10 if route in free | dear else 2) <= rate
    named = {name for name, each in resources.items() if each["Type"] == "AWS::ApiGatewayV2::Route"}
    keys = {resources[name]["Properties"]["RouteKey"] for name in named & set(resources["Stage"]["DependsOn"])}
    assert keys == set(stage["RouteSettings"]), "a deploy sets them for routes that are there alone"


def test_the_document_says_which_calls_need_no_token() -> None:
    for path, methods in served()["paths"].items():
        for method, operation in methods.items():
            assert (operation.get("security") == []) is (f"{method.upper()} {path}" in WITHOUT_TOKEN)


def test_the_served_document_is_the_rendered_one() -> None:
    assert render_openapi.main(["--check"]) == 0


def test_an_outdated_document_is_found_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "openapi.json"
    assert render_openapi.main(["--check", "--file", str(file)]) == 1
    file.write_text(render_openapi.FILE.read_text(encoding="utf-8").replace("202", "200"), encoding="utf-8")
    assert render_openapi.main(["--check", "--file", str(file)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert render_openapi.main(["--file", str(file)]) == 0
    assert render_openapi.main(["--check", "--file", str(file)]) == 0


def test_each_problem_is_in_the_document_with_its_section() -> None:
    document = served()
    assert set(document["x-problems"]) == set(PROBLEMS)
    for code, problem in document["x-problems"].items():
        assert (problem["status"], problem["title"]) == (PROBLEMS[code].status, PROBLEMS[code].title)
        assert (problem["fix"], problem["description"]) == (PROBLEMS[code].fix, PROBLEMS[code].detail)


def test_a_reference_of_the_document_leads_to_something() -> None:
    document = served()

    def references(value: object) -> list[str]:
        if isinstance(value, list):
            return [found for each in value for found in references(each)]
        if not isinstance(value, dict):
            return []
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for each in value.values() for found in references(each)]

    assert references(document)
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_each_problem_is_an_answer_of_some_call() -> None:
    told = {code for operation in OPERATIONS.values() for code in operation.codes}
    assert told == set(PROBLEMS)


@pytest.mark.parametrize("folder", ["functions", "shared"])
def test_no_function_sets_a_cors_header(folder: str) -> None:
    for source in (TEMPLATE.parent / folder).rglob("*.py"):
        assert "access-control-" not in source.read_text(encoding="utf-8").lower(), source


@pytest.mark.parametrize("name", ["README.md", "docs/http.md", "docs/migrating.md", "docs/auth.md"])
def test_each_call_that_a_page_names_is_one(name: str) -> None:
    page = (TEMPLATE.parent / name).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE|PUT) /v1/[^`?\s]*)", page))
    assert named <= described(), named - described()
    if name == "docs/http.md":
        assert named == described(), described() - named


def test_the_guide_for_migrating_maps_to_the_statuses_and_fields_that_there_are() -> None:
    page = (TEMPLATE.parent / "docs/migrating.md").read_text(encoding="utf-8")
    words = page.partition("## Status words")[2].partition("## Fields")[0]
    for status in Status:
        assert re.search(rf"^\|.*\|.*`{status}`", words, re.MULTILINE), status
    fields = page.partition("## Fields")[2].partition("## Calls")[0]
    known = {
        name for each in (schemas.GenerationDetail, schemas.Usage, schemas.Failure) for name in each.__annotations__
    }
    for name in ("generation_id", "progress", "stage", "output", "usage", "attempt", "heartbeat_at", "cost_usd"):
        assert name in known
        assert f"`{name}`" in fields
