"""The commands with invalid input, terminals that only know ASCII, and a service that writes escapes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.scripted import ID, generation
from tests.clients.test_command_line import ACCEPTED, Run, Service, ok, problem, run

__all__ = ["run"]
ESCAPE = "\x1b[31mred\x1b]0;title\x07\u202e"


@pytest.mark.parametrize("bad", ["", ".", ".."])
@pytest.mark.parametrize("command", ["get", "why", "watch", "cancel", "retry", "dismiss", "review"])
def test_an_id_that_is_none_is_wrong_usage(run: Run, command: str, bad: str) -> None:
    service = Service(ok(generation()))
    ended = run(service, command, bad)
    assert ended.exit_code == 2
    assert "is not a generation id" in ended.stderr
    assert service.calls == []


def unstuck(*arguments: bytes | str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line as a separate process, because a test in the same process would see text instead of
    bytes."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    given = {**kept, "UNSTUCK_URL": "http://127.0.0.1:1", "UNSTUCK_TOKEN": "t", **environment}
    code = "import sys; from unstuck.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=given, capture_output=True, check=False, timeout=60)  # noqa: S603 - our own


@pytest.mark.parametrize(
    "arguments",
    [
        (b"get", b"\xff"),
        (b"list", b"--session", b"a\xffb"),
        (b"submit", b"--kind", b"story", b"--set", b"premise=a\xffb"),
        (b"--url", b"http://\xff", b"list"),
    ],
)
def test_a_byte_that_is_no_utf_8_is_wrong_usage(arguments: tuple[bytes, ...]) -> None:
    ended = unstuck(*arguments)
    assert ended.returncode == 2
    assert b"not UTF-8" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("url", [b"http://x\xff", b"http://x..y", b"http://xn--a", b"http://x:a", b"http://[::1"])
def test_an_address_whose_host_is_none_is_wrong_usage(url: bytes) -> None:
    code = "import sys; from unstuck.cli import main; sys.exit(main())"
    given = {"PATH": os.environ["PATH"], "UNSTUCK_TOKEN": "t"}
    environment = {**{os.fsencode(name): os.fsencode(value) for name, value in given.items()}, b"UNSTUCK_URL": url}
    command = [sys.executable, "-c", code, "list"]
    ended = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)  # noqa: S603 - ours
    assert ended.returncode == 2, ended.stderr
    assert b"Traceback" not in ended.stderr
    assert b"answer" not in ended.stderr


def test_what_is_typed_and_is_no_text_is_wrong_usage(tmp_path: Path) -> None:
    code = "import sys; from unstuck.cli import main; sys.exit(main())"
    given = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(tmp_path), "UNSTUCK_TOKEN": "t", "PYTHONUTF8": "1"}
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, "login"],
        input=b"http://127.0.0.1:1/\xff\n",
        env=given,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert b"not UTF-8" in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ['"\\ud800"', "NaN", "1e999", "[Infinity]"])
def test_a_value_that_no_request_can_hold_is_wrong_usage(run: Run, value: str) -> None:
    service = Service(ok(ACCEPTED, 202))
    ended = run(service, "submit", "--kind", "haiku", "--set", f"about={value}")
    assert ended.exit_code == 2
    assert "cannot be sent" in ended.stderr
    assert service.calls == []


def test_a_terminal_that_knows_ascii_alone_gets_escapes_and_no_traceback() -> None:
    ended = unstuck("get", "schlüssel-…", PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert ended.returncode == 5
    ended.stderr.decode("ascii")
    assert b"Traceback" not in ended.stderr


def poisoned(value: Any) -> Any:
    """Return what a service would answer whose every text holds escapes."""
    if isinstance(value, dict):
        return {name: poisoned(each) for name, each in value.items()}
    return [poisoned(each) for each in value] if isinstance(value, list) else ESCAPE if value == "X" else value


USAGE = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "wasted_cost_usd": 0.0}
RATE = {"name": "X", "limit": 5, "window_seconds": 300, "remaining": 5, "reset_seconds": 0}
CARD = {
    "card_id": "X",
    "generation_id": "X",
    "number": 1,
    "kind": "flashcards",
    "front": "X",
    "back": "X",
    "created_at": "2026-01-31T08:00:00Z",
}
HEAD = generation("failed", stage="X", kind="X", client_id="X", session_id="X", error={"code": "X", "message": "X"})


@pytest.mark.parametrize(
    ("answer", "arguments"),
    [
        (ok(poisoned(HEAD)), ("get", ID)),
        (ok(poisoned({"generations": [HEAD], "next_cursor": None})), ("list",)),
        (ok(poisoned(HEAD)), ("watch", ID)),
        (ok(poisoned({"month": "X", "days": [], "total": {**USAGE, "generations": 1}, "limits": {"rates": [RATE]}})),
         ("usage",)),
        (ok(poisoned({"cards": [CARD], "next_cursor": None})), ("cards",)),
        (ok(poisoned({**ACCEPTED, "generation_id": "X"}), 202), ("submit", "--kind", "haiku")),
        (ok(poisoned({"generation_id": "X", "version": 1, "attempts": [],
                      "events": [{"name": "X", "at": "2026-01-31T08:00:00Z", "step": "X", "code": "X"}]})),
         ("get", ID, "--events")),
        (ok({"message": ESCAPE}, 403), ("get", ID)),
        (problem(400, ESCAPE), ("get", ID)),
    ],
)  # fmt: skip
def test_what_a_service_says_does_nothing_to_a_terminal(
    run: Run, answer: httpx.Response, arguments: tuple[str, ...]
) -> None:
    ended = run(Service(answer), *arguments)
    assert ended.exit_code in (0, 1, 4)
    assert "\N{REPLACEMENT CHARACTER}[31mred" in ended.output
    assert not set("\x1b\x07\u202e") & set(ended.output)


def test_a_status_of_a_newer_service_is_shown(run: Run) -> None:
    ended = run(Service(ok(generation("waiting_for_provider"))), "get", ID)
    assert ended.exit_code == 0
    assert "waiting_for_provider" in ended.stdout


def test_a_text_that_is_named_twice_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("text", encoding="utf-8")
    service = Service(ok(ACCEPTED, 202))
    ended = run(service, "submit", str(file), "--set", "source_text=other")
    assert ended.exit_code == 2
    assert "twice" in ended.stderr
    assert run(service, "submit", str(file), "--set", "kind=story").exit_code == 2
    assert service.calls == []


def test_a_byte_order_mark_is_no_part_of_the_text(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"\xef\xbb\xbfThe text.")
    service = Service(ok(ACCEPTED, 202))
    run(service, "submit", str(file))
    run(service, "submit", "-", given="\ufeffThe text.")
    run(service, "submit", "--set", f"source_text=@{file}")
    assert [body["source_text"] for body in service.bodies] == ["The text."] * 3


def test_the_docs_name_every_option_of_submit(run: Run) -> None:
    said = run(Service(ok(ACCEPTED)), "submit", "--help").output
    page = Path("docs/cli.md").read_text(encoding="utf-8")
    options = {word for word in said.replace("│", " ").split() if word.startswith("--")}
    assert {each for each in options if each.rstrip(",") not in page} <= {"--help"}
