"""The command line on the running system: each command, and separate processes with and without a terminal."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import PATIENCE_SECONDS, Owner, own_text
from tests.e2e.terminal import UNSTUCK, terminal
from unstuck.cli.app import app

type Run = Callable[..., Result]


@pytest.fixture
def environment(stack: LocalStack, alice: Owner, tmp_path: Path) -> dict[str, str]:
    named = {"UNSTUCK_URL": stack.api_url, "UNSTUCK_TOKEN": stack.token(alice.name)}
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", **named}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run a command to its end, in this process."""

    def runs(*arguments: str, given: str | None = None, **more: str) -> Result:
        hidden = {name: None for name in ("COLUMNS", "FORCE_COLOR") if name in os.environ}
        named = {"UNSTUCK_URL": None, "UNSTUCK_TOKEN": None, **environment, **hidden, **more}
        return CliRunner().invoke(app, list(arguments), input=given, env=named)

    return runs


def answered(run: Run, *arguments: str, given: str | None = None) -> Any:
    done = run(*arguments, "--json", given=given)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_text_is_submitted_followed_reviewed_and_counted(run: Run, alice: Owner) -> None:
    done = run("submit", "-", "--session", "s-1", "--wait", given=own_text())
    assert done.exit_code == 0, done.stderr
    [generation_id] = set(re.findall(r"[0-9a-f]{8}-\S{27}", done.stderr))
    alice.generations.append(generation_id)
    assert "What is the cell?" in done.stdout
    assert "succeeded  100 %" in done.stderr

    assert [each["generation_id"] for each in answered(run, "list", "--session", "s-1")] == [generation_id]
    assert generation_id in run("list").stdout
    count = len(answered(run, "get", generation_id)["output"]["suggestions"])
    assert run("get", generation_id, "--events").stdout.count("step_stored") == 1
    assert answered(run, "get", generation_id, "--input")["kind"] == "flashcards"

    reviewed = answered(run, "review", generation_id, "--accept", "all")
    assert len(reviewed) == count
    edited = answered(run, "review", generation_id, "--accept", "1", "--set", "front=Edited?")
    assert edited[0]["front"] == "Edited?"
    assert run("review", generation_id, "--reject", "2", "--reset", "3").exit_code == 0
    assert len(answered(run, "cards", "--all")) == count - 2
    assert "Edited?" in run("cards").stdout
    assert answered(run, "usage")["total"]["generations"] == 1
    assert "total" in run("usage").stdout

    assert answered(run, "dismiss", generation_id) == {"generation_id": generation_id, "dismissed": True}
    assert answered(run, "list") == []


def test_a_failure_is_exit_code_1_and_can_be_retried(run: Run, alice: Owner) -> None:
    failed = run("submit", "-", "--model", "local/refuse", "--wait", "--json", given=own_text())
    assert failed.exit_code == 1
    first = json.loads(failed.stdout)["generation_id"]
    assert json.loads(failed.stderr)["error"]["code"] == "output_refused"
    again = answered(run, "retry", first)["generation_id"]
    alice.generations += [first, again]
    assert run("watch", again).exit_code == 1
    assert "output_refused" in run("list", "--status", "failed").stdout


def test_what_is_refused_and_what_is_not_there_have_codes_of_their_own(run: Run, alice: Owner) -> None:
    assert run("get", "01a20140-2fa4-720e-810c-30713d306ec7").exit_code == 3
    refused = run("submit", "-", given="too short")
    assert refused.exit_code == 4
    assert "source_text" in refused.stderr
    assert run("list", UNSTUCK_TOKEN="x").exit_code == 4
    assert run("list", UNSTUCK_URL="http://127.0.0.1:9").exit_code == 5
    generation_id = alice.submit("local/stream:20")
    late = run("watch", generation_id, "--timeout", "1.5")
    assert late.exit_code == 6, late.stderr
    canceled = run("cancel", generation_id)
    assert canceled.stdout == f"{generation_id} is canceled.\n"
    assert run("watch", generation_id).exit_code == 1


def test_a_login_is_enough_for_what_follows(run: Run, environment: dict[str, str]) -> None:
    kept = run("login")
    assert kept.exit_code == 0, kept.stderr
    del environment["UNSTUCK_URL"], environment["UNSTUCK_TOKEN"]
    assert answered(run, "list") == []
    run("logout")
    assert run("list").exit_code == 2


def test_a_watch_shows_a_killed_workers_work_taken_up(
    environment: dict[str, str], stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit("local/stream:4")
    alice.wait_for(generation_id, lambda found: found["progress"] > 2)
    with started(environment, "watch", generation_id) as watching:
        faults.kill(faults.worker_of(stack, alice.name, generation_id))
        out, err = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 0, err
    assert "attempt 2" in err
    assert "heartbeat" in err
    assert "What is the cell?" in out


@contextmanager
def started(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [str(UNSTUCK), *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_an_interrupted_watch_ends_and_the_generation_goes_on(environment: dict[str, str], alice: Owner) -> None:
    generation_id = alice.submit("local/stream:60")
    with started(environment, "watch", generation_id) as watching:
        assert watching.stderr is not None
        watching.stderr.readline()  # now it watches
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 130
    assert f"unstuck watch {generation_id}" in err
    assert "Traceback" not in err
    assert alice.look(generation_id)["status"] in ("pending", "running")
    alice.cancel(generation_id)


def test_on_a_terminal_the_line_changes_in_place(environment: dict[str, str], alice: Owner) -> None:
    generation_id = alice.submit("local/stream:3")
    with terminal(environment, "watch", generation_id) as shown:
        shown.until("running")
        shown.until("heartbeat")
        shown.until("\x1b[2K")  # the line is wiped before it is written again
        shown.until("succeeded")
        shown.until("What is the cell?")
        assert shown.end() == 0


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_left_out_where_they_are_not_wanted(
    environment: dict[str, str], alice: Owner, no_color: str
) -> None:
    alice.wait_for_end(alice.submit())
    with terminal(environment | {"NO_COLOR": no_color}, "list") as shown:
        shown.until("succeeded" if no_color else "\x1b[32msucceeded")
        assert ("\x1b[3" in shown.shown) is False
        assert shown.end() == 0


def test_suggestions_are_reviewed_with_a_key_each(environment: dict[str, str], alice: Owner) -> None:
    generation_id = alice.submit(count=4)
    alice.wait_for_end(generation_id)
    with terminal(environment, "review", generation_id) as shown:
        for key, says in (("a", "accepted"), ("r", "rejected"), ("s", "4 of 4")):
            shown.until("q quit")
            shown.press(key)
            shown.until(says)
        shown.until("q quit")
        shown.press("e")
        shown.until("front")
        shown.type("Edited?\r")
        shown.until("back")
        shown.type("\r")
        shown.until("1 left to review")
        assert shown.end() == 0
    found = alice.look(generation_id)["output"]["suggestions"]
    assert [each["state"] for each in found] == ["accepted", "rejected", "proposed", "accepted"]
    assert found[3]["front"] == "Edited?"


def test_what_is_piped_away_half_way_is_no_crash(environment: dict[str, str], alice: Owner) -> None:
    alice.wait_for_end(alice.submit())
    command = f"{UNSTUCK} list | true"
    done = subprocess.run(  # noqa: S602 - our own command
        command, shell=True, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
