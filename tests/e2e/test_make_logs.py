"""`make logs` beside a running stack shows the history of one generation, and no other's."""

import subprocess
import sys

from local.emulator import PROJECT
from local.stack import LocalStack
from tests.e2e.owner import Owner, eventually


def shown(stack: LocalStack, *arguments: str) -> str:
    argv = [sys.executable, "-m", "local.logs", "--state", str(stack.state), "--once", *arguments]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_failed_generation_is_found_in_the_logs_by_its_id(stack: LocalStack, alice: Owner) -> None:
    failed, other = alice.submit("local/refuse"), alice.submit()
    found = alice.wait_for_end(failed)
    alice.wait_for_end(other)
    assert found["status"] == "failed"
    text = eventually(lambda: shown(stack, "--id", failed), lambda text: "  ended  " in text)
    assert "  accepted  " in text
    assert "  the attempt ended  " in text
    assert f"code={found['error']['code']}" in text
    assert f"generation_id={failed}" in text
    assert other not in text
    assert "create" not in shown(stack, "--id", failed, "--function", "process").split()
