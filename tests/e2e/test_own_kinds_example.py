"""examples/own-kinds, as its reader uses it: built, installed outside of the clone, tested, tried and served."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.stack import LocalStack, StackOptions
from tests.e2e.contract import Document
from tests.e2e.owner import Owner
from tests.e2e.soundness import assert_sound

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "own-kinds"
TRANSCRIPT = "Ann: We ship on Friday. Ben: Agreed, I will write the release notes until Thursday. " * 5
pytestmark = pytest.mark.timeout(300)


def run(argv: list[str], place: Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own
        argv, cwd=place, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of the clone that has the package, installed from its wheel."""
    place = tmp_path_factory.mktemp("acme")
    sources = shutil.copytree(EXAMPLE, place / "sources", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    code = "import sys; from setuptools.build_meta import build_wheel as build; build(sys.argv[1])"
    run([sys.executable, "-c", code, str(place)], sources)
    [wheel] = place.glob("*.whl")
    uv = str(Path(sys.executable).with_name("uv"))
    into = ["--python", sys.executable, "--target", str(place / "site")]
    run([uv, "pip", "install", "--no-deps", "--offline", *into, str(wheel)], place)
    return place


@pytest.fixture
def environment(installed: Path) -> dict[str, str]:
    return {"KINDS_PACKAGE": "acme_kinds", "PYTHONPATH": str(installed / "site")}


def test_its_own_tests_pass_in_the_clones_folder(installed: Path, environment: dict[str, str]) -> None:
    tests = str(installed / "sources" / "tests")
    said = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests], ROOT, **environment)
    assert "3 passed" in said


def test_it_can_be_tried(environment: dict[str, str]) -> None:
    unstuck = str(Path(sys.executable).with_name("unstuck"))
    made = json.loads(run([unstuck, "try", "minutes", "--set", f"transcript={TRANSCRIPT}"], ROOT, **environment))
    assert made["decisions"]
    assert all(each["task"] for each in made["tasks"])


@pytest.fixture
def stack(installed: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    monkeypatch.syspath_prepend(str(installed / "site"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with LocalStack(StackOptions()) as running:
        yield running


def test_a_deployment_with_it_makes_minutes_and_takes_a_review_of_their_tasks(stack: LocalStack) -> None:
    document = Document(httpx.get(f"{stack.api_url}/v1/openapi.json", timeout=60).raise_for_status().json())
    assert document.content["x-kinds"]["minutes"]["suggestion"]
    owner = Owner(stack, "ann", document)
    answer = owner.http.post("/v1/generations", json={"kind": "minutes", "transcript": TRANSCRIPT})
    assert answer.status_code == 202, answer.text
    owner.generations.append(answer.json()["generation_id"])
    found = owner.wait_for_end(owner.generations[0])
    assert (found["status"], found["steps_done"], found["reviews"]) == ("succeeded", 2, "tasks")
    decided = owner.http.patch(
        f"/v1/generations/{owner.generations[0]}/suggestions/1", json={"decision": "accepted", "owner": "Ben"}
    )
    assert decided.json()["suggestions"][0]["owner"] == "Ben"
    [card] = owner.http.get("/v1/cards").json()["cards"]
    assert (card["kind"], card["owner"]) == ("minutes", "Ben")
    owner.close()
    assert_sound(owner)
