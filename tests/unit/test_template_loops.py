"""Which functions invoke themselves through a queue, and that Lambda lets exactly those continue."""

from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.unit.test_template import TEMPLATE, _Loader, as_list, of_type, statements

FUNCTION, ROLE = "AWS::Serverless::Function", "AWS::IAM::Role"


@pytest.fixture
def resources() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader)["Resources"])  # noqa: S506 - a SafeLoader


def invoked_by(resources: dict[str, Any]) -> dict[str, set[str]]:
    """Return the functions that each queue or stream invokes, by the source's name in the template."""
    found: dict[str, set[str]] = {}
    for source in of_type(resources, "AWS::Lambda::EventSourceMapping").values():
        found.setdefault(source["EventSourceArn"]["Fn::GetAtt"][0], set()).add(source["FunctionName"]["Ref"])
    return found


def next_of(resources: dict[str, Any], function: str) -> set[str]:
    """Return the functions that a call of this one can set off: by a message, or directly."""
    role = resources[resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
    found = set()
    for statement in statements(role):
        if {"sqs:SendMessage", "lambda:InvokeFunction"} & set(as_list(statement["Action"])):
            targets = {each["Fn::GetAtt"][0] for each in as_list(statement["Resource"])}
            found |= {name for target in targets for name in invoked_by(resources).get(target, {target})}
    return found & of_type(resources, FUNCTION).keys()


def in_a_loop(resources: dict[str, Any]) -> set[str]:
    """Return each function from which a chain of calls leads back to it."""
    found = set()
    for function in of_type(resources, FUNCTION):
        seen: set[str] = set()
        ahead = next_of(resources, function)
        while ahead - seen:
            seen |= ahead
            ahead = {each for name in ahead for each in next_of(resources, name)}
        if function in seen:
            found.add(function)
    return found


def test_the_worker_is_the_one_function_that_its_own_messages_invoke(resources: dict[str, Any]) -> None:
    assert in_a_loop(resources) == {"ProcessFunction"}
    assert next_of(resources, "SweeperFunction") == {"ProcessFunction"}, "it begins a chain, and no message invokes it"


def test_lambda_stops_no_chain_of_handovers_and_no_other_function_is_let_loop(resources: dict[str, Any]) -> None:
    allowed = {
        name for name, each in of_type(resources, FUNCTION).items() if each.get("RecursiveLoop", "Terminate") == "Allow"
    }
    assert allowed == in_a_loop(resources)


def test_a_loop_by_way_of_a_second_function_would_be_found(resources: dict[str, Any]) -> None:
    changed = deepcopy(resources)
    changed["QueueSource"]["Properties"]["FunctionName"] = {"Ref": "SweeperFunction"}
    assert in_a_loop(changed) == {"ProcessFunction", "SweeperFunction"}
