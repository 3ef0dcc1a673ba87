"""MiniStack: its environment, its start, and the interpreter that it runs functions with.

Owns what functions can see of this machine. They get the environment of Lambda, and AWS_ENDPOINT_URL, TMPDIR and
MiniStack's own bookkeeping, because this is not AWS. tests/integration/test_local_stack.py checks that list.
"""

import os
import secrets
import shlex
import shutil
import signal
import socket
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.processes import Child, ChildFailedError, kill_all_with

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv-ministack"
REGION = "us-east-1"
ACCESS_KEY = f"LOCAL{secrets.token_hex(14).upper()}"
"""The id and the secret of MiniStack's root user in the stacks of this process; its IAM policies apply to all other
callers. Each process makes new ones, and `local.guard` refuses any other key of the root user."""
STARTS = 5
# Further variables of a function: MiniStack gives each the key of its role.
_FUNCTIONS_TOO = {"TMPDIR", "LANG", "PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
GRACE_SECONDS = 60  # an orderly end waits for open requests, and then writes its whole state
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The packages of Lambda's own runtime: boto3 and its dependencies, nothing else.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")


@dataclass(frozen=True)
class Emulator:
    """A running MiniStack. `tmpdir` is in the environment of each of its processes and of no others.

    With `keeps_state`, an orderly end writes its state, for the next start with the same directory.
    """

    child: Child
    port: int
    tmpdir: Path
    keeps_state: bool = False
    warm: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that answers. Not the one that was started, which supervises it."""
        return int(_pid_file(self.tmpdir, self.port).read_text())

    def end_in_order(self) -> None:
        """Let it finish its requests, write its state and end, with the functions' processes.

        Raises ChildFailedError if it does not end within a minute.
        """
        os.kill(self.pid, signal.SIGTERM)
        self.child.finish(GRACE_SECONDS)
        kill_all_with("TMPDIR", str(self.tmpdir), having="AWS_LAMBDA_FUNCTION_NAME")
        for code in self.tmpdir.glob("ministack-lambda-*"):  # of some 20 MB, one for each earlier process
            shutil.rmtree(code, ignore_errors=True)


KEPT_PORT = "port"
"""The file of a state directory with the port of an emulator whose state is kept."""


def _pid_file(tmpdir: Path, port: int) -> Path:
    return tmpdir / f"ministack-{port}.pid"


def runtime_packages(directory: Path) -> Path:
    """A directory with the packages of the Lambda runtime and no others, as links."""
    directory.mkdir(parents=True, exist_ok=True)
    source = next((VENV / "lib").glob("python3*/site-packages"))
    for name in RUNTIME_PACKAGES:
        link = directory / name
        if not link.is_symlink():
            link.symlink_to(source / name)
    return directory


def write_functions_interpreter(state: Path, own: dict[str, str]) -> Path:
    """A `python` with the Lambda runtime's packages. It hides MiniStack's own variables from the code that it runs."""
    base = (VENV / "bin" / "python").resolve()
    hidden = " ".join(sorted(own.keys() - _FUNCTIONS_TOO))
    script = state / "python3.13"
    # -S omits site-packages, -s the user's. Lambda also sets PYTHONPATH to its runtime's packages.
    script.write_text(
        "#!/bin/sh\n"
        f"unset {hidden}\n"
        f"export PYTHONPATH={shlex.quote(str(runtime_packages(state / 'runtime')))}\n"
        "export TZ=:UTC AWS_EXECUTION_ENV=AWS_Lambda_python3.13 AWS_LAMBDA_INITIALIZATION_TYPE=on-demand\n"
        f'exec {shlex.quote(str(base))} -S -s "$@"\n'
    )
    script.chmod(0o700)
    return script


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _healthy(url: str, pid_file: Path) -> bool:
    # MiniStack writes the pid file after it has checked that the port is free. Without the file, another MiniStack that
    # took the port first would answer in place of this one.
    if not pid_file.exists():
        return False
    try:
        with _DIRECT.open(f"{url}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _start_once(state: Path, port: int, keeps_state: bool, warm: str) -> Emulator:
    home, tmpdir = state / "home", state / "tmp"
    home.mkdir(exist_ok=True)
    tmpdir.mkdir(exist_ok=True)
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(tmpdir),
        "LANG": "C.UTF-8",
        "AUTH": "true",  # IAM enforced
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "UNSTUCK_WARM": warm,
        "DOCKER_HOST": f"unix://{state}/no-docker",
    }
    if keeps_state:
        env |= {"PERSIST_STATE": "1", "STATE_DIR": str(state / "kept")}
        env |= {"S3_PERSIST": "1", "S3_DATA_DIR": str(state / "kept-objects")}
    interpreter = write_functions_interpreter(state, env)
    argv: list[str | Path] = [VENV / "bin" / "python", "-I", Path(__file__).with_name("emulator_main.py"), interpreter]
    child = Child("ministack", argv, env=env, cwd=state, log=state / "ministack.log")
    emulator = Emulator(child, port, tmpdir, keeps_state, warm)
    try:
        child.wait_until(lambda: _healthy(emulator.url, _pid_file(tmpdir, port)), timeout_seconds=60)
    except BaseException:
        child.stop()
        raise
    return emulator


def start_emulator(state: Path, *, keeps_state: bool = False, warm: Mapping[str, int] | None = None) -> Emulator:
    """Start MiniStack on a free port of loopback. Raises ChildFailedError with its output if it does not come up.

    A kept state gets its old port, because its queues' addresses contain it. `warm`: how many processes of a function
    stay up once it was called, by its folder's name; one of each unless named.
    """
    kept_warm = ",".join(f"{name}={count}" for name, count in (warm or {}).items())
    if not (VENV / "bin" / "python").exists():
        raise FileNotFoundError(f"{VENV.name} is missing. Run `make setup` first")
    kept = state / KEPT_PORT
    if keeps_state:
        if kept.exists():
            return _start_once(state, int(kept.read_text()), keeps_state, kept_warm)
        emulator = _start_somewhere(state, keeps_state, kept_warm)
        kept.write_text(str(emulator.port))
        return emulator
    return _start_somewhere(state, keeps_state, kept_warm)


def _start_somewhere(state: Path, keeps_state: bool, warm: str) -> Emulator:
    for _ in range(STARTS - 1):
        try:
            return _start_once(state, _free_port(), keeps_state, warm)
        except ChildFailedError as failure:
            # Another process may take the port between this check and MiniStack's bind.
            if "already in use" not in str(failure):
                raise
    return _start_once(state, _free_port(), keeps_state, warm)


def restart_emulator(emulator: Emulator, state: Path) -> Emulator:
    """End MiniStack in order and start it again, on its port and with its state. Functions start again."""
    if not emulator.keeps_state:
        raise ValueError("this emulator was not started to keep its state")
    emulator.end_in_order()
    return _start_once(state, emulator.port, keeps_state=True, warm=emulator.warm)
