"""The import contracts refuse each kind of wrong import, also in a file that did not exist when they were written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("shared", "functions", "operations", "local", "bench", "trial")
WRONG = {
    "the domain imports the store": ("shared/domain/limits.py", "import shared.store.items"),
    "a new file of the domain imports AWS": ("shared/domain/brand_new.py", "import boto3"),
    "the HTTP wing imports AWS": ("shared/http/acceptance.py", "import boto3"),
    "the view imports HTTP": ("shared/view/view.py", "import shared.http.request"),
    "the store imports the edges of HTTP": ("shared/store/brand_new.py", "import shared.http.cursor"),
    "the store imports a rescue": ("shared/store/reads.py", "import shared.rescue"),
    "AWS's edge imports the store": ("shared/aws/metrics.py", "import shared.store.items"),
    "a kind imports the store": ("shared/kinds/story.py", "import shared.store.items"),
    "a new wing that no floor names": ("shared/brand_new.py", "import shared.domain.clock"),
    "shared imports a function": ("shared/wiring.py", "import functions.create.service"),
    "shared imports the operator's tools": ("shared/rescue.py", "import operations.reading"),
    "a function imports another": ("functions/status/feed.py", "import functions.actions.review"),
    "a new file of a function imports another": ("functions/create/brand_new.py", "import functions.process.key"),
    "a service's neighbour imports its handler": ("functions/status/cards.py", "import functions.status.handler"),
    "a new file imports a handler": ("functions/sweeper/brand_new.py", "import functions.sweeper.handler"),
    "a function imports botocore": ("functions/actions/erase.py", "import botocore.session"),
    "a function imports Powertools": ("functions/status/feed.py", "import aws_lambda_powertools"),
    "the domain imports Powertools": ("shared/domain/pacing.py", "import aws_lambda_powertools"),
    "the worker imports httpx beside its provider": ("functions/process/worker.py", "import httpx"),
    "status imports pydantic": ("functions/status/brand_new.py", "import pydantic"),
    "status imports pydantic by way of another": ("functions/status/feed.py", "import shared.http.validation"),
    "the domain imports pydantic": ("shared/domain/review.py", "import pydantic"),
    "the store imports pydantic": ("shared/store/values.py", "import pydantic"),
    "the system knows the local stack": ("shared/wiring.py", "import local.stack"),
    "the local stack knows the system": ("local/faults.py", "import shared.store.items"),
    "the local stack knows that it is measured": ("local/stack.py", "import bench.world"),
    "the operator's tools use the client": ("operations/doctor.py", "import unstuck"),
    "two files in a circle": ("shared/domain/states.py", "import shared.domain.generation"),
    "the client knows the service": ("clients/python/src/unstuck/flow.py", "import shared.domain.clock"),
    "the client's logic sends": ("clients/python/src/unstuck/exchange.py", "import httpx"),
    "the client's logic writes to a screen": ("clients/python/src/unstuck/flow.py", "import rich"),
    "the client opens a socket": ("clients/python/src/unstuck/wire.py", "import socket"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all folders that the contracts name."""
    copy = tmp_path_factory.mktemp("house")
    ignored = shutil.ignore_patterns("__pycache__", "*.json", "node_modules")
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, copy / package, ignore=ignored)
    shutil.copytree(PROJECT / "clients/python/src", copy / "clients/python/src", ignore=ignored)
    shutil.copy(PROJECT / "pyproject.toml", copy)
    return copy


def judged(house: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; sys.path[:0] = ['.', 'clients/python/src']; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports())"
    )
    return subprocess.run([sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=False)  # noqa: S603


def test_the_house_as_it_stands_keeps_its_contracts(house: Path) -> None:
    found = judged(house)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_import_is_refused(house: Path, wrong: str) -> None:
    name, statement = WRONG[wrong]
    file = house / name
    before = file.read_text() if file.exists() else None
    try:
        file.write_text(f"{before or ''}\n{statement}\n")
        found = judged(house)
    finally:
        file.unlink() if before is None else file.write_text(before)
    assert found.returncode != 0, found.stdout
    assert "BROKEN" in found.stdout, found.stdout + found.stderr
