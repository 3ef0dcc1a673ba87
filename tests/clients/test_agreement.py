"""The Python client agrees with the OpenAPI document, docs/errors.md, and the other client."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import unstuck
from shared import kinds
from unstuck import account, errors, models, outputs, requests
from unstuck.async_client import AsyncClient
from unstuck.cli import exits
from unstuck.cli.app import app
from unstuck.client import Client

DOCUMENT = json.loads(Path("functions/status/openapi.json").read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
BASES = {"Answered", "Asked", "CreateGeneration", "CallFacts"}
NOT_MODELS = {"CardId", "Cursor", "GenerationId", "Label", "Moment", "Output", "GatewayMessage", "Error", "EditCard"}
# Here edits of any kind's fields are keyword arguments.
NOT_MODELS |= {name for name in SCHEMAS if name.endswith(("Decide", "DecideNumbered", "EditCard")) and name[0] != "D"}
MODELS = {
    name: found
    for module in (account, models, outputs, requests)
    for name, found in vars(module).items()
    if inspect.isclass(found) and issubclass(found, outputs.Answered | requests.Asked) and name not in BASES
}
# A kind's own form of a schema that has one form per kind: here one model stands for all of them.
OF_A_KIND = {
    one["$ref"].rsplit("/", 1)[1]: name
    for name in ("Card", "ReviewedSuggestion", "Decide", "DecideNumbered")
    for one in SCHEMAS[name].get("anyOf", SCHEMAS[name].get("oneOf", ()))
}
NAMES = {str: "string", int: "integer", bool: "boolean"}
OPERATIONS = {
    "createGeneration": "create",
    "listGenerations": "feed_page",
    "getGeneration": "get",
    "dismissGeneration": "dismiss",
    "listEvents": "events",
    "getInput": "input",
    "cancelGeneration": "cancel",
    "retryGeneration": "retry",
    "decideSuggestion": "decide",
    "decideSuggestions": "decide_many",
    "listCards": "cards_page",
    "getCard": "card",
    "editCard": "edit_card",
    "deleteCard": "delete_card",
    "getUsage": "usage",
    "eraseMe": "erase_me",
    "openLive": "open_live",
    "getOpenApi": "openapi",
    "getHealth": "health",
}


def forms(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Return what JSON a schema lets through, as far as a client's types tell it apart; null is as good as absent."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name in OF_A_KIND or name in OF_A_KIND.values():
            return {OF_A_KIND.get(name, name)}
        target = definitions.get(name, {})
        return {name} if "properties" in target else forms(target, definitions)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            found: set[str] = set()
            return found.union(*(forms(each, definitions) for each in schema[choice])) - {"null"}
    if schema.get("type") == "array":
        return {f"array of {'|'.join(sorted(forms(schema['items'], definitions)))}"}
    if "const" in schema or "enum" in schema:
        values = {schema["const"]} if "const" in schema else set(schema["enum"]) - {None}
        return {NAMES[type(value)] for value in values}
    return {schema["type"]} - {"null"}


def form_of(name: str) -> dict[str, Any]:
    """Return a schema; of one that each kind has its own form of, what these have in common."""
    schema: dict[str, Any] = SCHEMAS[name]
    each = [SCHEMAS[one["$ref"].rsplit("/", 1)[1]] for one in schema.get("anyOf", schema.get("oneOf", ()))]
    if not each:
        return schema
    own = {field for kind in kinds.names() if (what := kinds.load(kind).reviewed) for field in what.item.model_fields}
    common = {field: form for field, form in each[0]["properties"].items() if field not in own}
    if "kind" in common:
        common["kind"] = {"type": "string"}
    required = [field for field in each[0].get("required", ()) if field not in own]
    return {"properties": common, "required": required}


def values(schema: dict[str, Any], definitions: dict[str, Any]) -> set[Any] | None:
    """Return the closed set that a schema names, None when it is open."""
    if "$ref" in schema:
        return values(definitions.get(schema["$ref"].rsplit("/", 1)[1], {}), definitions)
    return {schema["const"]} if "const" in schema else set(schema["enum"]) if "enum" in schema else None


def test_there_is_a_model_for_every_schema_of_the_document() -> None:
    assert set(MODELS) == set(SCHEMAS) - NOT_MODELS


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_has_the_fields_of_its_schema(name: str) -> None:
    ours = MODELS[name].model_json_schema(by_alias=True)
    own = {field for field, schema in ours["properties"].items() if "header" in schema}
    theirs = form_of(name)
    assert set(ours["properties"]) - own == set(theirs["properties"])
    for field, schema in theirs["properties"].items():
        here = ours["properties"][field]
        assert forms(here, ours.get("$defs", {})) >= forms(schema, SCHEMAS), field
        closed = values(here, ours.get("$defs", {}))
        assert closed is None or closed == values(schema, SCHEMAS), field


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_asks_for_what_its_schema_requires(name: str) -> None:
    ours = MODELS[name].model_json_schema(by_alias=True)
    required = set(ours.get("required", []))
    # A kind that is left out is flashcards; here the class says it.
    assert required == set(form_of(name).get("required", [])) - {"kind" if name.startswith("Create") else ""}


def test_there_is_a_call_for_every_operation_of_the_document() -> None:
    there = {call["operationId"] for calls in DOCUMENT["paths"].values() for call in calls.values()}
    assert set(OPERATIONS) == there
    assert all(callable(getattr(Client, name)) for name in OPERATIONS.values())


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_call_takes_every_parameter_of_its_operation(operation: str) -> None:
    calls = [call for calls in DOCUMENT["paths"].values() for call in calls.values()]
    theirs = next(call for call in calls if call["operationId"] == operation).get("parameters", [])
    names = {each["name"].replace("-", "_").lower() for each in theirs} - {"if_none_match"}  # of polling alone
    assert names <= set(inspect.signature(getattr(Client, OPERATIONS[operation])).parameters)


def calls_of(of: type) -> set[str]:
    return {name for name, found in vars(of).items() if callable(found) and not name.startswith("_")}


def test_both_clients_have_the_same_calls() -> None:
    assert calls_of(Client) - {"close"} == calls_of(AsyncClient) - {"aclose"}


@pytest.mark.parametrize("name", sorted(calls_of(Client) - {"close"}))
def test_both_clients_take_and_give_the_same(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(of, name)) for of in (Client, AsyncClient))
    assert ours.parameters == theirs.parameters
    given, awaited = str(ours.return_annotation), str(theirs.return_annotation)
    assert given.replace("Iterator", "AsyncIterator") == awaited
    assert getattr(AsyncClient, name).__doc__ == getattr(Client, name).__doc__


def test_a_failure_is_retryable_where_the_docs_say_that_the_service_retries_it() -> None:
    failures = Path("docs/errors.md").read_text(encoding="utf-8").split("## Failures", 1)[1]
    told = dict(re.findall(r'^\| <a id="(\w+)">.*\| (yes|no) \|$', failures, re.MULTILINE))
    retried = {code for code, answer in told.items() if answer == "yes"}
    assert len(told) > 20
    assert retried - {"crash_loop"} == errors.RETRYABLE_FAILURES


def test_the_docs_have_every_exit_code() -> None:
    table = Path("docs/cli.md").read_text(encoding="utf-8").split("## Exit codes", 1)[1]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert told == {code for name, code in vars(exits).items() if name.isupper() and isinstance(code, int)}


def test_the_docs_have_every_command_and_option() -> None:
    page = Path("docs/cli.md").read_text(encoding="utf-8")
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert re.search(rf"^\| .*`{name}\b", page, re.MULTILINE), name
        for option in (option for parameter in command.params for option in parameter.opts if option[:2] == "--"):
            assert option in page or option in ("--help", "--idempotency-key", "--json"), (name, option)


def test_the_docs_have_every_call_and_error() -> None:
    page = Path("docs/clients.md").read_text(encoding="utf-8")
    assert [name for name in calls_of(Client) - {"close"} if f"`{name}(" not in page] == []
    raised = {name for name in unstuck.__all__ if name.endswith("Error")} - {"UnstuckError", "ApiError"}
    assert [name for name in raised - {"GenerationEndedError"} if f"`{name}`" not in page] == []
