"""The servers that the peers stand on: Redis and PostgreSQL of our own, and the model, on loopback, with nothing kept.

Debian's packages, started on free ports with their data in the bench's own directory, and ended with it.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from local.emulator import PROJECT
from local.processes import POLL_SECONDS, Child, start_server

INSTALL = "apt-get install redis-server postgresql"
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_READY_SECONDS = 30


class MissingServerError(Exception):
    """A server that the peers need is not installed; says what to install."""

    def __init__(self, program: str) -> None:
        super().__init__(f"{program} is not installed, and peers need it: {INSTALL}")


class Servers:
    """`with Servers(state) as servers:` - all three answer when the block begins, and are gone when it ends."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._ending = ExitStack()
        self.redis_port, self.postgres_port = free_port(), free_port()

    def __enter__(self) -> Self:
        redis, postgres = find_program("redis-server"), find_program("postgres")
        with self._ending as ending:
            ending.callback(self._start_redis(redis).stop)
            self._start_postgres(postgres, ending)
            model: list[str | Path] = [
                sys.executable,
                "-m",
                "local.model_server",
                "--ledger",
                self._state / "ledger.jsonl",
            ]
            env = ENVIRONMENT | {"HOME": str(self._state)}
            child, port = start_server("model", model, env=env, cwd=PROJECT, state=self._state)
            ending.callback(child.stop)
            self._model = f"http://127.0.0.1:{port}"
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    @property
    def model_url(self) -> str:
        return f"{self._model}/api/v1"

    def redis_url(self, database: int) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/{database}"

    @property
    def postgres_url(self) -> str:
        return f"postgresql://bench@127.0.0.1:{self.postgres_port}/postgres"

    def paid_calls(self, job: str) -> int:
        """How many calls of a job the model was paid for."""
        with _DIRECT.open(f"{self._model}/_ledger", timeout=10) as answer:
            calls: list[dict[str, Any]] = json.load(answer)["calls"]
        return sum(call["paid"] for call in calls if call["generation"] == job)

    def _start_redis(self, program: Path) -> Child:
        argv: list[str | Path] = [
            program,
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.redis_port),
            "--dir",
            self._state,
            "--save",
            "",
        ]
        child = Child("redis-server", argv, env=ENVIRONMENT, cwd=self._state, log=self._state / "redis.log")
        return _ready(child, lambda: _answers(self.redis_port))

    def _start_postgres(self, program: Path, ending: ExitStack) -> None:
        home = self._state / "postgres"
        home.mkdir()
        as_user = not_as_root(home)
        data = home / "data"
        initdb: list[str | Path] = [program.resolve().with_name("initdb"), "-D", data, "-U", "bench", "-A", "trust"]
        initdb += ["--no-sync", "--locale=C", "--encoding=UTF8"]
        command = [*as_user, *map(str, initdb)]
        made = subprocess.run(command, env=ENVIRONMENT, cwd=home, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        argv: list[str | Path] = [
            *as_user,
            program,
            "-D",
            data,
            "-h",
            "127.0.0.1",
            "-p",
            str(self.postgres_port),
            "-k",
            home,
        ]
        # Seven contestants' hundred workers hold two connections each.
        argv += ["-c", "max_connections=300"]
        child = Child("postgres", argv, env=ENVIRONMENT, cwd=home, log=self._state / "postgres.log")
        ending.callback(child.stop)
        ending.callback(_end_postgres, data)
        _ready(child, lambda: _answers(self.postgres_port))


def find_program(name: str) -> Path:
    """Find a server's program, in the PATH or where Debian keeps PostgreSQL's. Raises MissingServerError."""
    found = shutil.which(name, path=ENVIRONMENT["PATH"])
    if found:
        return Path(found)
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    if not debian:
        raise MissingServerError(name)
    return debian[-1]


def not_as_root(home: Path) -> list[str]:
    """Return what to put before a command of PostgreSQL, which refuses to run as root, and give its home away."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres" if _is_user("postgres") else "nobody")
    os.chown(home, user.pw_uid, user.pw_gid)
    home.parent.chmod(0o711)  # the bench's own directory: only passed through, never read
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _is_user(name: str) -> bool:
    return any(user.pw_name == name for user in pwd.getpwall())


def _end_postgres(data: Path) -> None:
    """End it at once, with its memory segments; every process that it started has its own session."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pid = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        until = time.monotonic() + _READY_SECONDS
        while (data / "postmaster.pid").exists() and time.monotonic() < until:
            time.sleep(POLL_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(child: Child, is_ready: Callable[[], bool]) -> Child:
    try:
        child.wait_until(is_ready, _READY_SECONDS)
    except BaseException:
        child.stop()
        raise
    return child


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
