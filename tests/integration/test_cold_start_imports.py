"""What each built handler has imported by its first answer: every module of it is paid for by each cold start.

Of our own packages and of Powertools each module is listed, of the rest the package. To accept a change, and have the
diff say what it is: `ACCEPT_IMPORTS=1 .venv/bin/pytest tests/integration/test_cold_start_imports.py`
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.world import World, world
from local.emulator import PROJECT, runtime_packages

LISTS = Path(__file__).with_name("imports")
FUNCTIONS = ("create", "status", "actions", "process", "sweeper", "authorizer", "live", "push")

FIRST_ANSWER = """
import gc, importlib, json, sys
event = json.loads(sys.stdin.read())
def looked_for_garbage():
    return sum(generation["collections"] for generation in gc.get_stats())
before = looked_for_garbage()
class Context:
    def get_remaining_time_in_millis(self):
        return 60_000
answer = importlib.import_module(sys.argv[1]).handler(event, Context())
print(json.dumps([answer, sorted(sys.modules), looked_for_garbage() - before]), file=sys.stderr)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layer's compiled packages are Linux's")


@dataclass(frozen=True)
class FirstAnswer:
    """What a handler had imported by its first answer, and how often Python had looked for garbage."""

    name: str
    modules: list[str]
    collections: int


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runtime_packages(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module", params=FUNCTIONS)
def first(around: World, runtime: Path, request: pytest.FixtureRequest) -> FirstAnswer:
    """A handler answers once in a Python that has nothing but its zip, the layer and the runtime."""
    name = str(request.param)
    base = str((PROJECT / ".venv-ministack" / "bin" / "python").resolve())
    path = (around.tree / f"{name.capitalize()}Function", around.tree / "SharedLayer" / "python", runtime)
    environment = {**around.variables, "PYTHONPATH": ":".join(map(str, path))}
    ended = subprocess.run(  # noqa: S603
        [base, "-S", "-s", "-B", "-c", FIRST_ANSWER, f"functions.{name}.handler"],
        input=json.dumps(around.events[name]),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer, modules, collections = json.loads(ended.stderr.splitlines()[-1])
    assert answer.get("statusCode", 200) < 300, answer
    known = sorted({shown(module) for module in modules if not is_pythons_own(module)})
    return FirstAnswer(name, known, collections)


def is_pythons_own(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names or module.startswith(
        ("__", "_distutils", "_sysconfigdata")
    )


def shown(module: str) -> str:
    package, *rest = module.split(".")
    return module if package in ("shared", "functions", "aws_lambda_powertools") or not rest else package


def test_a_first_answer_imports_no_more_than_is_known(first: FirstAnswer) -> None:
    name, found, listed = first.name, first.modules, LISTS / f"{first.name}.txt"
    if os.environ.get("ACCEPT_IMPORTS"):
        listed.write_text("\n".join(found) + "\n")
    known = listed.read_text().split()
    more, less = sorted(set(found) - set(known)), sorted(set(known) - set(found))
    what_to_do = f"see the head of {Path(__file__).name}"
    assert not more, f"{name} imports more before its first answer; import it later, or accept it: {what_to_do}"
    assert not less, f"{name} imports less, which is good: have the list say so, {what_to_do}"


def test_python_looks_for_garbage_hardly_ever_before_a_first_answer(first: FirstAnswer) -> None:
    assert first.collections <= 2


def test_a_poll_pays_for_neither_boto3_nor_pydantic_nor_powertools() -> None:
    listed = {module.partition(".")[0] for module in (LISTS / "status.txt").read_text().split()}
    assert not listed & {"boto3", "s3transfer", "pydantic", "aws_lambda_powertools", "httpx"}
    assert "botocore" in listed
