"""`make run` works whatever the developer's shell is set to, and cleans up however its terminal goes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.build import built_tree
from local.emulator import PROJECT
from local.processes import environments

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

NOWHERE = "http://127.0.0.1:9"
HOSTILE = {
    **{name: NOWHERE for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (proxy, proxy.lower())},
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_PROFILE": "nobody",
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_ENDPOINT_URL_DYNAMODB": NOWHERE,
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "never",
    "AWS_DEFAULTS_MODE": "mine",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "perhaps",
    "AWS_SESSION_TOKEN": "of somebody",
    "AWS_CA_BUNDLE": "/nowhere/ca.pem",
    "REQUESTS_CA_BUNDLE": "/nowhere/ca.pem",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "SSL_CERT_DIR": "/nowhere",
    "CURL_CA_BUNDLE": "/nowhere/ca.pem",
    "HOME": "/nowhere",
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
}


def wait_for(condition: Callable[[], bool], what: str, log: Path, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}; {log.read_text(errors='replace')}"
        time.sleep(0.1)


def processes_below(directory: Path) -> list[int]:
    return [pid for pid, environment in environments() if environment.get("TMPDIR", "").startswith(str(directory))]


def test_a_hostile_shell_changes_nothing_and_a_closed_terminal_leaves_nothing(tmp_path: Path) -> None:
    built_tree()  # what the build downloads, it downloads by the developer's proxy: that is as it should be
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"\xff[profile\n = ]\x00")
    files = {name: str(nonsense) for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    log, state = tmp_path / "log", tmp_path / "state"
    argv = [sys.executable, "-m", "local.run", "--state", str(state)]
    with log.open("wb") as output:
        run = subprocess.Popen(  # noqa: S603
            argv, cwd=PROJECT, env={"PATH": os.environ["PATH"], **HOSTILE, **files}, stdout=output, stderr=output
        )
    try:
        wait_for(lambda: b"until you press" in log.read_bytes() or run.poll() is not None, "it is up", log)
        assert run.poll() is None, log.read_text()
        assert processes_below(state)
        run.send_signal(signal.SIGHUP)
        assert run.wait(timeout=120) == 0
    finally:
        run.kill()
        run.wait()
    said = log.read_text(errors="replace")
    assert "succeeded" in said
    assert "export NO_PROXY=127.0.0.1,localhost" in said
    assert "unset AWS_PROFILE" in said
    assert "All processes have ended" in said
    assert "Traceback" not in said
    assert not processes_below(state)
    assert not list((state / "tmp").glob("ministack-lambda-*"))
