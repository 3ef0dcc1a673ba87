"""Follows docs/adding-a-kind.md: its file goes into a copy of the project, and its call to the copy's stack."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.emulator import VENV
from local.processes import Child, environments
from shared.kinds.contract import Limits
from tests.e2e.owner import TERMINAL, eventually

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "adding-a-kind.md").read_text(encoding="utf-8")
MOST_LINES = 60
START_SECONDS = 500.0
REAL_MODELS = ("OPENROUTER_API_KEY", "LLM_BASE_URL")
pytestmark = pytest.mark.timeout(600)  # the copy builds everything again
# The environments of `make run`. The copy has none of its own, because a link to these is an accident waiting for its
# rm.
RUN = (
    "import runpy, sys; from pathlib import Path; from local import emulator; "
    "emulator.VENV = Path(sys.argv.pop()); runpy.run_module('local.run', run_name='__main__', alter_sys=True)"
)


def blocks(language: str) -> list[str]:
    """Return the page's blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def followed(commands: str) -> str:
    """Return commands of the page as they are run in the copy, whose interpreter is this one."""
    assert ".venv/bin/python" in commands
    return commands.replace(".venv/bin/python", shlex.quote(sys.executable))


KIND_FILE, TEST_FILE = re.findall(r"This is `([\w/]+\.py)`, whole:$", PAGE, re.MULTILINE)
KIND_SOURCE, TEST_SOURCE = blocks("python")


@dataclass(frozen=True)
class Copy:
    """The project with the page's kind in it, its stack up; `shell` has what the page asks for."""

    directory: Path
    api: str
    token: str

    def shell(self, commands: str) -> str:
        environment = {**os.environ, "API": self.api, "TOKEN": self.token}
        argv = ["bash", "-euo", "pipefail", "-c", commands]
        done = subprocess.run(argv, cwd=self.directory, env=environment, capture_output=True, check=True, timeout=120)  # noqa: S603
        return done.stdout.decode()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.api, headers={"authorization": f"Bearer {self.token}"}, timeout=60)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the present project, with the page's file added."""
    directory = tmp_path_factory.mktemp("adding-a-kind") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    (directory / KIND_FILE).write_text(KIND_SOURCE, encoding="utf-8")
    (directory / TEST_FILE).write_text(TEST_SOURCE, encoding="utf-8")
    if (ROOT / ".mypy_cache").is_dir():  # the types of what is the same are checked already
        shutil.copytree(ROOT / ".mypy_cache", directory / ".mypy_cache")
    # A repository, because a check asks git for the files of the project.
    subprocess.run(["bash", "-euc", "git init -q; git add -A"], cwd=directory, check=True, timeout=120)  # noqa: S607
    return directory


@pytest.fixture(scope="module")
def copy(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    render, *_ = blocks("sh")
    subprocess.run(["bash", "-euc", followed(render)], cwd=project, check=True, timeout=120)  # noqa: S603, S607
    log = tmp_path_factory.mktemp("run") / "run.log"
    temporary = tmp_path_factory.mktemp("state")
    environment = {name: value for name, value in os.environ.items() if name not in REAL_MODELS}
    environment |= {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    child = Child("make run", [sys.executable, "-c", RUN, VENV], env=environment, cwd=project, log=log)
    try:
        child.wait_until(lambda: "curl -H" in log.read_text(), START_SECONDS)  # the last line that it prints
        printed = dict(re.findall(r"^export (API|TOKEN)=(.+)$", log.read_text(), re.MULTILINE))
        yield Copy(project, shlex.split(printed["API"])[0], printed["TOKEN"])
    finally:
        child.stop()
        eventually(lambda: processes_under(temporary), lambda left: not left)


def processes_under(temporary: Path) -> list[int]:
    return [pid for pid, variables in environments() if variables.get("TMPDIR", "").startswith(str(temporary))]


@pytest.fixture(scope="module")
def generation(copy: Copy) -> dict[str, Any]:
    """The final state of the page's own call."""
    [call] = [each for each in blocks("sh") if "curl" in each]
    accepted = json.loads(copy.shell(followed(call)))
    with copy.client() as client:
        path = accepted["urls"]["self"]
        return eventually(lambda: dict(client.get(path).json()), lambda found: found["status"] in TERMINAL)


def the_kind() -> dict[str, Any]:
    """Return what the page's file defines."""
    module: dict[str, Any] = {"__name__": "the_pages_kind"}
    exec(compile(KIND_SOURCE, KIND_FILE, "exec"), module)  # noqa: S102 - our own page
    return module


def test_the_example_is_one_file_of_at_most_sixty_lines() -> None:
    assert len(KIND_SOURCE.splitlines()) <= MOST_LINES
    assert not (ROOT / KIND_FILE).exists(), "the page adds a kind that is there already"


def test_the_pages_call_makes_what_its_kind_promises(generation: dict[str, Any]) -> None:
    assert generation["status"] == "succeeded", generation
    assert generation["kind"] == Path(KIND_FILE).stem
    output = the_kind()["Output"]
    assert output.model_validate(generation["output"]).model_dump() == generation["output"]


def test_each_step_of_the_new_kind_is_told_with_what_it_used(copy: Copy, generation: dict[str, Any]) -> None:
    with copy.client() as client:
        found = client.get(f"/v1/generations/{generation['generation_id']}/events").json()
    steps = {line["step"]: line for line in found["events"] if line["name"] == "step_stored"}
    assert list(steps) == ["points", "summary"]
    for line in steps.values():
        assert line["usage"]["calls"] == 1
        assert line["usage"]["prompt_tokens"] > 0
        assert line["usage"]["completion_tokens"] > 0
    used = generation["usage"]
    assert used["calls"] == 2
    assert used["prompt_tokens"] == sum(line["usage"]["prompt_tokens"] for line in steps.values())


@pytest.mark.parametrize(
    "fields",
    [
        {"source_text": "too short"},
        {"source_text": 200 * [1]},
        {"source_text": "x" * 10_001},
        {"source_text": "x" * 500, "length": 3},
        {},
    ],
    ids=["short", "no text", "long", "unknown field", "nothing"],
)
def test_input_that_the_new_kind_does_not_take_is_refused(copy: Copy, fields: dict[str, Any]) -> None:
    with copy.client() as client:
        answer = client.post("/v1/generations", json={"kind": Path(KIND_FILE).stem, **fields})
    assert answer.status_code == 400, answer.text
    assert {error["field"] for error in answer.json()["errors"]} <= {"source_text", "length"}


def test_the_copys_document_describes_the_new_kind_and_its_limits(copy: Copy) -> None:
    with copy.client() as client:
        schemas = client.get("/v1/openapi.json").json()["components"]["schemas"]
    form = schemas["CreateSummary"]["properties"]
    assert form["kind"]["const"] == "summary"
    assert form["source_text"]["maxLength"] == 10_000
    assert isinstance(the_kind()["LIMITS"], Limits)


QUIZ = '''"""Quiz {number}: questions about a text, each with four options."""

from typing import Annotated

from pydantic import Field

from shared.domain.codes import Code, Fault
from shared.kinds.contract import Context, Limits, Prompt
from shared.kinds.forms import Asked, Written, trimmed

LIMITS = Limits(max_cost_usd=0.10, usual_seconds=10)
PROMPT_VERSIONS = ("1",)
REVIEWS = "questions"
FAILURES = {"too_few_facts_{number}": Code("The text holds too few facts.", "Send a longer text.", Fault.CALLER)}


class Input(Asked):
    """A text, and how many questions to ask about it."""

    source_text: Annotated[str, trimmed(10_000, shortest=100)]
    count: Annotated[int, Field(ge=1, le=20)] = 5


class Question(Written):
    """A question, its options, and the place of the right one."""

    question: Annotated[str, trimmed(300)]
    options: Annotated[list[Annotated[str, trimmed(200)]], Field(min_length=4, max_length=4)]
    right: Annotated[int, Field(ge=0, le=3)]


class Output(Written):
    """The questions in order."""

    questions: Annotated[list[Question], Field(min_length=1, max_length=20)]


def run(ctx: Context, content: Input) -> Output:
    """One step, one call."""
    prompt = Prompt("Write a quiz about the text.", {"source_text": content.source_text}, "quiz")
    made = ctx.step("questions", Output, lambda: ctx.call(prompt, Output), progress=95)
    if len(made.questions) < content.count:
        raise ctx.failure("too_few_facts_{number}", f"The text is good for {len(made.questions)} questions.")
    return made
'''
TOLD_OF_FAILURES = (
    "docs/errors.md",
    "functions/status/openapi.json",
    "clients/typescript/src/codes.ts",
    "clients/python/src/unstuck/codes.py",
)
PYTEST = ["pytest", "-q", "-x", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", "-m", "not any_kinds"]
STATIC = (["ruff", "format", "--check"], ["ruff", "check"], ["mypy"])


@pytest.mark.timeout(1_200)
def test_nothing_else_of_the_project_has_to_know_of_new_kinds(copy: Copy) -> None:
    """The static part of the gate, and the unit tests, in the copy with ten kinds more than there are here."""
    for number in range(9):
        source = QUIZ.replace("{number}", str(number))
        (copy.directory / "shared" / "kinds" / f"quiz_{number}.py").write_text(source, encoding="utf-8")
    render, *_ = blocks("sh")
    copy.shell(f"{followed(render)}\n{shlex.quote(sys.executable)} -m docs.render_codes")
    for name in TOLD_OF_FAILURES:
        text = (copy.directory / name).read_text(encoding="utf-8")
        assert all(f"too_few_facts_{number}" in text for number in range(9)), name
    for program in [*STATIC, [*PYTEST, "tests/unit"]]:
        argv = [sys.executable, "-m", *program]
        ran = subprocess.run(argv, cwd=copy.directory, capture_output=True, text=True, check=False, timeout=1_000)  # noqa: S603
        assert ran.returncode == 0, ran.stdout + ran.stderr
