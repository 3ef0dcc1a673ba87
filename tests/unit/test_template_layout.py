"""How the template is laid out for who reads it: in the file by its contents, in the console by its groups."""

import re
from itertools import pairwise
from typing import Any

import pytest
import yaml

from tests.unit.test_template import TEMPLATE, _Loader

HEADING = re.compile(r"^  # ---- ([\w ]+?)(?::| -|,)")
THE_WAY_OF_A_REQUEST = [
    *("API", "authorizer", "layer", "create", "queues", "process", "storage", "status", "actions", "sweeper"),
    *("live", "push", "alarms", "dashboard", "page"),
]


@pytest.fixture(scope="module")
def text() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def template(text: str) -> dict[str, Any]:
    return dict(yaml.load(text, _Loader))  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def sections(text: str) -> dict[str, list[str]]:
    """The names of the resources below each heading."""
    found: dict[str, list[str]] = {}
    for line in text.partition("\nResources:\n")[2].partition("\nOutputs:\n")[0].splitlines():
        if heading := HEADING.match(line):
            found[heading[1]] = []
        elif name := re.fullmatch(r"  (\w+):", line):
            found[list(found)[-1]].append(name[1])
    return found


def test_resources_stand_in_the_order_in_which_a_request_meets_them(
    sections: dict[str, list[str]], template: dict[str, Any]
) -> None:
    assert list(sections) == THE_WAY_OF_A_REQUEST
    assert [name for names in sections.values() for name in names] == list(template["Resources"])


def test_the_contents_name_every_heading_and_nothing_else(text: str) -> None:
    contents = text.partition("AWSTemplateFormatVersion")[0]
    lines = re.findall(r"^#   (\S.*?)  +\S", contents, re.MULTILINE)
    assert ", ".join(lines).split(", ") == ["Parameters", *THE_WAY_OF_A_REQUEST]


def test_a_function_stands_with_its_role_log_group_permission_and_routes(
    sections: dict[str, list[str]], template: dict[str, Any]
) -> None:
    resources = template["Resources"]
    functions = [name for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == 8
    for name in functions:
        stem = name.removesuffix("Function")
        (section,) = [title for title, names in sections.items() if name in names]
        assert section == stem.lower()
        assert {f"{stem}Role", f"{stem}LogGroup"} <= set(sections[section])
        routes = {
            other
            for other, each in resources.items()
            if each["Type"] == "AWS::ApiGatewayV2::Route" and f"${{{stem}Integration}}" in str(each)
        }
        assert routes <= set(sections[section])


def test_the_console_shows_every_parameter_once_in_a_named_group_and_in_the_files_order(
    template: dict[str, Any], text: str
) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(template["Parameters"])
    declared = text.partition("\nParameters:\n")[2].partition("\nMappings:\n")[0]
    titles = re.findall(r"^  # (.+)$", declared, re.MULTILINE)
    assert [group["Label"]["default"] for group in groups] == titles, "the comments above the groups"
    for title, following in pairwise([*titles, ""]):
        part = declared.partition(f"  # {title}\n")[2]
        part = part.partition(f"  # {following}\n")[0] if following else part
        (group,) = [group for group in groups if group["Label"]["default"] == title]
        assert re.findall(r"^  (\w+):$", part, re.MULTILINE) == group["Parameters"]
