"""Child processes that cannot outlive this one, and waiting until they are ready.

Owns the start, the watch and the end of children. Knows nothing of AWS.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
POLL_SECONDS = 0.02


class ChildFailedError(RuntimeError):
    """A child process ended, or was not ready in time; has the end of its output."""

    def __init__(self, name: str, problem: str, log: Path) -> None:
        self.name = name
        self.log = log
        super().__init__(f"{name} {problem}\n{tail(log)}")


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log file, indented; a note when there are none."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        text = []
    return "\n".join(f"    {line}" for line in text or ["(no output)"])


class Child:
    """One supervised command. It ends with this process, however this process ends."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        hold: Sequence[int] = (),
    ) -> None:
        """`hold`: descriptors that stay open until the command and all of its children are gone, such as a lock's."""
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SUPERVISOR), *map(str, argv)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                pass_fds=hold,
                start_new_session=True,  # this process handles a Ctrl-C in the terminal
            )

    @property
    def exit_code(self) -> int | None:
        """The command's exit code, or None while it runs."""
        return self._supervisor.poll()

    def finish(self, timeout_seconds: float) -> None:
        """Wait for a command that ends by itself. Raises ChildFailedError unless it ends with 0 in time."""
        try:
            code = self._supervisor.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise ChildFailedError(self.name, f"did not end within {timeout_seconds:.0f} s", self.log) from None
        finally:
            self.stop()
        if code != 0:
            raise ChildFailedError(self.name, f"ended with exit code {code}", self.log)

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait until `ready()`. Raises ChildFailedError if the command ends first or the time is over."""
        give_up = time.monotonic() + timeout_seconds
        while not ready():
            if self.exit_code is not None:
                raise ChildFailedError(self.name, f"ended at its start with exit code {self.exit_code}", self.log)
            if time.monotonic() > give_up:
                raise ChildFailedError(self.name, f"was not ready within {timeout_seconds:.0f} s", self.log)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Kill the command and everything in its process group, and wait until they are gone."""
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        self._supervisor.wait()


def start_server(
    name: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, state: Path
) -> tuple[Child, int]:
    """Start a server that writes its port to `--port-file` once it listens; returns it and the port."""
    port_file = state / f"{name}.port"
    port_file.unlink(missing_ok=True)  # in a kept state, the previous server's
    child = Child(name, [*argv, "--port", "0", "--port-file", port_file], env=env, cwd=cwd, log=state / f"{name}.log")
    try:
        child.wait_until(port_file.exists, timeout_seconds=30)
    except BaseException:
        child.stop()
        raise
    return child, int(port_file.read_text())


def environments() -> Iterator[tuple[int, dict[str, str]]]:
    """Pid and initial environment of each readable process. Linux only: empty elsewhere."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or belongs to another user
            pairs = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
            yield int(entry.name), dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def kill_all_with(name: str, value: str, *, having: str | None = None) -> None:
    """Kill every process that was started with the variable `name` set to `value`, in whatever session it is.

    With `having`, only those that also have a variable of that name.
    """
    for pid, environment in environments():
        if environment.get(name) == value and pid != os.getpid() and (having is None or having in environment):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
