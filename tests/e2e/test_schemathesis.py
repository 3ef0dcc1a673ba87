"""schemathesis tries the running API by its own document: what fits is taken, what does not is refused as described."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from local.stack import LocalStack
from tests.e2e import faults

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "functions" / "status" / "openapi.json"


@pytest.mark.timeout(900)
def test_the_api_keeps_to_its_document(stack: LocalStack, tmp_path: Path) -> None:
    token = stack.token(f"user-{uuid.uuid4()}")
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"), "run"),
        *(str(DOCUMENT), "--url", stack.api_url, "--header", f"Authorization: Bearer {token}"),
        *("--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--workers", "4"),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.e2e.schemathesis_hooks", "PYTHONPATH": str(HERE.parents[1])}
    # Any model may be named here: which ones a deployment allows, the document cannot say.
    with faults.environment(stack, "create", ALLOWED_MODELS="*"):
        run = subprocess.run(  # noqa: S603 - our own arguments
            command, cwd=tmp_path, env={**os.environ, **hooks}, capture_output=True, text=True, check=False
        )
    assert run.returncode == 0, run.stdout + run.stderr
