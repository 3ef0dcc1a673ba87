"""The imports of each built handler up to its first answer: each cold start pays for every module.

`imports/before` lists the imports before the first event, where Lambda gives it a whole processor. It names each module
of our packages and of Powertools, and the package of all others. `imports/after` lists each module imported with the
event, where it has the share of its memory. To accept a change, so that the diff shows it: `ACCEPT_IMPORTS=1
.venv/bin/pytest tests/integration/test_cold_start_imports.py`
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.cold_start.surroundings import Surroundings, surroundings
from local.emulator import PROJECT, runtime_packages

LISTS = Path(__file__).with_name("imports")
FUNCTIONS = ("create", "status", "actions", "process", "sweeper", "authorizer", "live", "push")

FIRST_ANSWER = """
import gc, importlib, json, sys
event = json.loads(sys.stdin.read())
def looked_for_garbage():
    return sum(generation["collections"] for generation in gc.get_stats())
began = looked_for_garbage()
class Context:
    def get_remaining_time_in_millis(self):
        return 60_000
handler = importlib.import_module(sys.argv[1]).handler
before = set(sys.modules)
answer = handler(event, Context())
found = [answer, sorted(before), sorted(set(sys.modules) - before), looked_for_garbage() - began]
print(json.dumps(found), file=sys.stderr)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layer's compiled packages are Linux's")


@dataclass(frozen=True)
class FirstAnswer:
    """A handler's imports before and with its first event, and how often Python had looked for garbage by then."""

    name: str
    before: list[str]
    after: list[str]
    collections: int


@pytest.fixture(scope="module")
def around() -> Iterator[Surroundings]:
    with surroundings() as running:
        yield running


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runtime_packages(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module", params=FUNCTIONS)
def first(around: Surroundings, runtime: Path, request: pytest.FixtureRequest) -> FirstAnswer:
    """A handler answers once in a Python that has nothing but its zip, the layer and the runtime."""
    name = str(request.param)
    base = str((PROJECT / ".venv-ministack" / "bin" / "python").resolve())
    tree = around.world.tree
    path = (tree / f"{name.capitalize()}Function", tree / "SharedLayer" / "python", runtime)
    environment = {**around.variables, **around.amazon_only, "PYTHONPATH": ":".join(map(str, path))}
    environment |= {"AWS_LAMBDA_FUNCTION_NAME": name}
    events = around.world.events | {"process": around.job(), "actions": around.cancel()}
    ended = subprocess.run(  # noqa: S603
        [base, "-S", "-s", "-B", "-c", FIRST_ANSWER, f"functions.{name}.handler"],
        input=json.dumps(events[name]),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer, before, after, collections = json.loads(ended.stderr.splitlines()[-1])
    assert answer.get("statusCode", 200) < 300, answer
    assert not answer.get("batchItemFailures"), ended.stderr
    listed = sorted({shown(module) for module in before if not is_pythons_own(module)})
    return FirstAnswer(name, listed, after, collections)


def is_pythons_own(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names or module.startswith(
        ("__", "_distutils", "_sysconfigdata")
    )


def shown(module: str) -> str:
    package, *rest = module.split(".")
    return module if package in ("shared", "functions", "aws_lambda_powertools") or not rest else package


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_first_answer_imports_no_more_than_is_known(first: FirstAnswer, when: str) -> None:
    name, found, listed = first.name, getattr(first, when), LISTS / when / f"{first.name}.txt"
    if os.environ.get("ACCEPT_IMPORTS"):
        listed.parent.mkdir(exist_ok=True)
        listed.write_text("".join(f"{module}\n" for module in found))
    known = listed.read_text().split()
    more, less = sorted(set(found) - set(known)), sorted(set(known) - set(found))
    what_to_do = f"see the head of {Path(__file__).name}"
    assert not more, f"{name} imports more {when} its first event; go without, or accept it: {what_to_do}"
    assert not less, f"{name} imports less, which is good: have the list say so, {what_to_do}"


def test_python_looks_for_garbage_hardly_ever_before_a_first_answer(first: FirstAnswer) -> None:
    assert first.collections <= 2


def test_a_poll_pays_for_neither_boto3_nor_pydantic_nor_an_http_client() -> None:
    text = "".join((LISTS / when / "status.txt").read_text() for when in ("before", "after"))
    listed = {module.partition(".")[0] for module in text.split()}
    assert not listed & {"boto3", "s3transfer", "pydantic", "httpx"}
    assert "botocore" in listed
