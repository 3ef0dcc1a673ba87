"""Nothing that the local stack starts outlives its owner, whichever way the owner ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.processes import environments
from local.state import drop_state, kept_state, new_state

ROOT = Path(__file__).resolve().parents[2]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# Two commands under one owner. The first leaves a working grandchild and a stopped one, like a busy and a frozen
# function worker.
OWNER = """
import os, signal, sys, time
from pathlib import Path
from local.processes import Child
state = Path(sys.argv[1])
env = {"PATH": os.environ["PATH"], "TMPDIR": str(state)}
tree = "import os, signal, sys, time; p = os.fork(); f = os.fork() if p else 1; " \\
       "f or os.kill(os.getpid(), signal.SIGSTOP); time.sleep(600)"
children = [Child("tree", [sys.executable, "-c", tree], env=env, cwd=state, log=state / "tree.log"),
            Child("one", [sys.executable, "-c", "import time; time.sleep(600)"], env=env, cwd=state, log=state / "one")]
time.sleep(600)
"""


def processes_of(state: Path) -> list[int]:
    return [pid for pid, environment in environments() if environment.get("TMPDIR", "").startswith(str(state))]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    argv = [sys.executable, "-c", OWNER, str(tmp_path)]
    process = subprocess.Popen(argv, cwd=ROOT, start_new_session=True)  # noqa: S603
    wait_for(lambda: len(processes_of(tmp_path)) >= 6, "two supervisors, two commands, two grandchildren")
    yield process
    process.kill()
    process.wait()


@linux_only
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_no_child_outlives_an_owner_ended_by(
    owner: "subprocess.Popen[bytes]", tmp_path: Path, death: signal.Signals
) -> None:
    owner.send_signal(death)
    wait_for(lambda: not processes_of(tmp_path), "every child gone")
    assert owner.wait(timeout=30) != 0


@linux_only
def test_the_command_does_not_outlive_its_killed_supervisor(owner: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    command_lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(tmp_path)}
    (supervisor,) = [pid for pid, line in command_lines.items() if b"supervisor.py" in line and b"fork" not in line]
    os.kill(supervisor, signal.SIGKILL)
    (command,) = [pid for pid, line in command_lines.items() if b"supervisor.py" not in line and b"fork" not in line]
    wait_for(lambda: command not in processes_of(tmp_path), "the command gone")
    assert owner.poll() is None


def test_the_directory_of_a_killed_owner_goes_with_the_next_start_and_a_live_ones_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, signal; from local.state import new_state; print(new_state(), flush=True); os.kill(os.getpid(), 9)"
    )
    argv, env = [sys.executable, "-c", code], {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    abandoned = Path(killed.stdout.strip())
    assert abandoned.is_dir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive = new_state()
    assert not abandoned.exists()
    another = new_state()
    assert alive.is_dir()
    drop_state(alive)
    drop_state(another)
    assert not list(tmp_path.glob("unstuck-*"))


def kill_all_but_what_left_them(state: Path) -> set[int]:
    """Kill an owner's supervisors and commands at once, as a machine out of memory may; return who is left."""
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(state)}
    for pid in [pid for pid, line in lines.items() if b"supervisor.py" in line]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(processes_of(state)) == 2, "the commands gone with their supervisors, and their children left")
    return set(processes_of(state))


@linux_only
@pytest.mark.parametrize("state", ["kept", "temporary"])
def test_what_a_kill_of_all_left_goes_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    directory = tmp_path / "kept" if state == "kept" else tmp_path / "unstuck-abandoned"
    tmpdir = directory / "tmp"
    (tmpdir / "ministack-lambda-1").mkdir(parents=True)
    (directory / "owner.lock").touch()
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmpdir)], cwd=ROOT, start_new_session=True)  # noqa: S603
    try:
        wait_for(lambda: len(processes_of(tmpdir)) >= 6, "two supervisors, two commands, two grandchildren")
        left = kill_all_but_what_left_them(tmpdir)
        owner.kill()
        owner.wait()
        assert set(processes_of(tmpdir)) == left
        if state == "kept":
            with kept_state(directory, fresh=False):
                assert not tmpdir.exists()
        else:
            drop_state(new_state())
            assert not directory.exists()
        wait_for(lambda: not processes_of(tmpdir), "what was left gone")
    finally:
        owner.kill()
        owner.wait()
        for pid in processes_of(tmpdir):
            os.kill(pid, signal.SIGKILL)


@linux_only
def test_a_killed_owner_of_a_whole_stack_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from local.stack import LocalStack, StackOptions\n"
        "with LocalStack(StackOptions(state_dir=Path(sys.argv[1]))) as stack:\n"
        "    stack.invoke('sweeper'); Path(sys.argv[1], 'up').touch(); time.sleep(600)"
    )
    with (tmp_path / "owner.log").open("wb") as log:
        argv = [sys.executable, "-c", code, str(tmp_path)]
        owner = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
    try:
        up = tmp_path / "up"
        wait_for(lambda: up.exists() or owner.poll() is not None, "the stack up", seconds=240)
        assert up.exists(), (tmp_path / "owner.log").read_text()
        roles = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(tmp_path))
        assert b"emulator_main" in roles
        assert b"token_issuer" in roles
        assert b"model_server" in roles
        assert b"_worker.py" in roles
        owner.kill()
        wait_for(lambda: not processes_of(tmp_path), "every process of the stack gone")
    finally:
        owner.kill()
        owner.wait()
