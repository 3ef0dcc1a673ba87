"""Clients that other tools make of the OpenAPI document: each creates, polls, and reads an error of each form."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.e2e.owner import Owner
from tests.node import ENVIRONMENT, NODE, ROOT

PYTHON = ROOT / ".venv-generators" / "bin"
NPM_TOOLS = ROOT / "tests" / "generators" / "node_modules" / ".bin"
SCRIPTS = ROOT / "tests" / "generators"
STORY = {"kind": "story", "premise": "A lighthouse keeper finds a map of a coast.", "chapters": 1}
there = all((place.parent / ".installed").exists() for place in (PYTHON, NPM_TOOLS))
pytestmark = [
    pytest.mark.skipif(NODE is None or not there, reason="no generators: `make test` installs them"),
    pytest.mark.timeout(300),
]


def run(*command: str | Path, place: Path, given: bytes | None = None) -> str:
    """Run a tool and return what it said. Fails with that when it does not end well."""
    path = f"{NPM_TOOLS}:{PYTHON}:{ENVIRONMENT['PATH']}"
    done = subprocess.run(  # noqa: S603 - our own arguments
        list(map(str, command)),
        cwd=place,
        env={**ENVIRONMENT, "PATH": path, "PYTHONPATH": str(place)},
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said
    return said


@pytest.fixture
def document(alice: Owner, tmp_path: Path) -> Path:
    """The document as the deployment serves it."""
    file = tmp_path / "openapi.json"
    file.write_bytes(alice.http.get("/v1/openapi.json").content)
    return file


def assert_it_works(said: str, owner: Owner) -> None:
    ended: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    owner.generations.append(ended.pop("id"))
    assert ended == {"status": "succeeded", "gateway": "Unauthorized", "problem": "not_found"}


def given(stack: LocalStack, owner: Owner) -> str:
    return json.dumps({"api": stack.api_url, "token": stack.token(owner.name), "body": STORY})


def test_openapi_python_client(stack: LocalStack, alice: Owner, document: Path, tmp_path: Path) -> None:
    made = tmp_path / "client"
    made.mkdir()
    run("openapi-python-client", "generate", "--path", document, "--output-path", made / "made", place=tmp_path)
    said = run(PYTHON / "python", SCRIPTS / "python_client.py", given(stack, alice), place=made / "made")
    assert_it_works(said, alice)


def bundled(script: str, place: Path) -> Path:
    """Make one file of a script and the client that was generated beside it."""
    (place / script).write_text((SCRIPTS / script).read_text(encoding="utf-8"), encoding="utf-8")
    run("rolldown", script, "--file", "bundle.mjs", "--platform", "node", "--format", "esm", place=place)
    return place / "bundle.mjs"


def test_hey_api_openapi_ts(stack: LocalStack, alice: Owner, document: Path, tmp_path: Path) -> None:
    run("openapi-ts", "--input", document, "--output", "hey", "--client", "@hey-api/client-fetch", place=tmp_path)
    assert NODE is not None
    assert_it_works(run(NODE, bundled("hey.mjs", tmp_path), given(stack, alice), place=tmp_path), alice)


def test_orval(stack: LocalStack, alice: Owner, document: Path, tmp_path: Path) -> None:
    output = {"target": "./orval/client.ts", "client": "fetch", "baseUrl": stack.api_url}
    settings = {"unstuck": {"input": str(document), "output": output}}
    (tmp_path / "orval.config.mjs").write_text(f"export default {json.dumps(settings)};", encoding="utf-8")
    run("orval", "--config", "orval.config.mjs", place=tmp_path)
    assert NODE is not None
    assert_it_works(run(NODE, bundled("orval.mjs", tmp_path), given(stack, alice), place=tmp_path), alice)


def test_the_documented_command_makes_types_of_what_a_deployment_serves(stack: LocalStack, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    [command] = re.findall(r"```sh\n(unstuck --url .*? types .*?)```", page, re.DOTALL)
    command = command.replace("unstuck", str(ROOT / ".venv" / "bin" / "unstuck"), 1)
    assert "Own kinds: none" in run("sh", "-ec", f"API='{stack.api_url}'\n{command}", place=tmp_path)
    assert "interface Kinds" in (tmp_path / "src" / "unstuck-kinds.ts").read_text(encoding="utf-8")
    compile((tmp_path / "unstuck_kinds.py").read_text(encoding="utf-8"), "unstuck_kinds.py", "exec")
