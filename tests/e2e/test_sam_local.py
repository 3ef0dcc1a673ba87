"""The settings for `sam local` connect its functions to the running local stack. The functions run without Docker here.

The SAM CLI's own code resolves the variables, and Lambda's runtime interface emulator starts the functions.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import deployment, sam_local
from local.build import built_tree
from local.deployed import FUNCTIONS
from local.lambda_runtime import built_function
from local.stack import LocalStack
from tests.e2e.owner import TERMINAL, Owner, eventually

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
IN_FILES = "01940000-0000-7000-8000-000000000001"


class SamLocal:
    """The two files, and what the SAM CLI reads of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._functions = self.read()["functions"]

    def read(self, *parameters: str) -> dict[str, Any]:
        files = (self.folder / "template.json", self.folder / "env.json")
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-m", "tests.e2e.sam_reading", *files, *parameters],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def variables(self, name: str) -> dict[str, str]:
        """The environment of a function's container."""
        return dict(self._functions[f"{name.capitalize()}Function"]["variables"])

    def code(self, name: str) -> Path:
        return Path(self._functions[f"{name.capitalize()}Function"]["code"])


@pytest.fixture
def files(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SamLocal:
    for variable, value in deployment.environment(stack.endpoint).items():
        monkeypatch.setenv(variable, value)
    assert sam_local.main(["--into", str(tmp_path / "sam")]) == 0
    return SamLocal(tmp_path / "sam")


def event(name: str, generation_id: str, owner: Owner) -> dict[str, Any]:
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(text.replace(IN_FILES, generation_id).replace('"sub": "alice"', f'"sub": "{owner.name}"')))


def test_each_function_gets_the_variables_of_the_one_that_is_deployed(stack: LocalStack, files: SamLocal) -> None:
    for name, deployed in stack.function_names.items():
        configuration = stack.client("lambda").get_function_configuration(FunctionName=deployed)
        expected = {**configuration["Environment"]["Variables"], "AWS_ENDPOINT_URL": stack.endpoint}
        found = files.variables(name)
        assert {variable: found.get(variable) for variable in expected} == expected, name
    for name in FUNCTIONS:
        assert files.code(name).is_dir()
        assert files.variables(name)["AWS_ACCESS_KEY_ID"] == deployment.environment(stack.endpoint)["AWS_ACCESS_KEY_ID"]


def test_the_events_reach_the_running_stack(files: SamLocal, alice: Owner, tmp_path: Path) -> None:
    tree = built_tree()
    with built_function(tree, "create", files.variables("create"), tmp_path) as create:
        answer = create.invoke(event("create", IN_FILES, alice))
    assert answer["statusCode"] == 202, answer
    generation_id = json.loads(answer["body"])["generation_id"]
    alice.generations.append(generation_id)
    eventually(lambda: alice.look(generation_id), lambda seen: seen["status"] in TERMINAL)
    with built_function(tree, "status", files.variables("status"), tmp_path) as status:
        shown = status.invoke(event("status", generation_id, alice))
    assert json.loads(shown["body"])["status"] == "succeeded"
    with built_function(tree, "authorizer", files.variables("authorizer"), tmp_path) as authorizer:
        assert authorizer.invoke(event("authorizer", IN_FILES, alice))["isAuthorized"] is False
        good = event("authorizer", IN_FILES, alice)
        bearer = f"Bearer {alice.stack.token(alice.name)}"
        good |= {"identitySource": [bearer], "headers": good["headers"] | {"authorization": bearer}}
        assert authorizer.invoke(good)["isAuthorized"] is True


def test_without_the_variables_of_make_run_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert sam_local.main(["--into", str(tmp_path)]) == 1
    assert "make run" in capsys.readouterr().err


@pytest.mark.parametrize(("verifier", "asks"), [("gateway", None), ("function", "RequestAuthorizer")])
def test_start_api_asks_a_lambda_authorizer_and_leaves_out_the_gateways_own(
    files: SamLocal, verifier: str, asks: str | None
) -> None:
    """The claims of docs/local.md, checked with the code that reads the template's routes."""
    values = ("JwtIssuer=https://a.example", "JwtAudience=a", "AllowedOrigins=https://b.example")
    routes = files.read(f"TokenVerifier={verifier}", *values)["routes"]
    assert {f"{method} {path}" for method, path, _ in routes} == routes_of_the_template()
    free = {"/v1/health", "/v1/openapi.json"}
    assert {authorizer for _, path, authorizer in routes if path not in free} == {asks}
    assert {authorizer for _, path, authorizer in routes if path in free} == {None}


def routes_of_the_template() -> set[str]:
    resources = yaml.safe_load((built_tree() / "template.yaml").read_text(encoding="utf-8"))["Resources"].values()
    return {
        each["Properties"]["RouteKey"]
        for each in resources
        if each["Type"] == "AWS::ApiGatewayV2::Route" and " /" in each["Properties"]["RouteKey"]
    }


def test_the_page_shows_each_function_with_its_event() -> None:
    page = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"events/(\w+)\.json (\w+)Function", page))
    assert shown == {(name, name.capitalize()) for name in FUNCTIONS}
    assert {path.stem for path in EVENTS.glob("*.json")} == set(FUNCTIONS)
