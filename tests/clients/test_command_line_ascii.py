"""If stdout cannot hold an answer, the commands print a sentence, exit with code 2, and print nothing by half."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.scripted import ID, generation

WORD = "Zürich"
AT = "2026-01-31T08:00:00Z"
USAGE = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "wasted_cost_usd": 0.0}
RATE = {"name": WORD, "limit": 5, "window_seconds": 300, "remaining": 5, "reset_seconds": 0}
TEXTS = {"front": WORD, "back": "b"}
SUGGESTION = {"number": 1, "front": "Where?", "back": WORD, "state": "proposed"}
CARD = {"card_id": "c", "kind": "flashcards", "generation_id": ID, "number": 1, **TEXTS, "created_at": AT}
ACCEPTED = {"generation_id": ID, "status": "pending", "version": 1, "urls": {"self": f"/v1/generations/{ID}"}}
DONE = generation("succeeded", 9, output={"suggestions": [SUGGESTION]}, reviews="suggestions")
PLAIN = generation("succeeded", 9, output={"suggestions": [{**SUGGESTION, "back": "Bern"}]}, reviews="suggestions")
FEED = {"generations": [generation("running", 3, stage=WORD)], "next_cursor": None}
EVENTS = {"generation_id": ID, "version": 1, "attempts": [], "events": [{"name": "claimed", "at": AT, "step": WORD}]}
MONTH = {"month": "2026-01", "days": [], "total": {**USAGE, "generations": 1}, "limits": {"rates": [RATE]}}
CARDS = {"cards": [CARD], "next_cursor": None}
REVIEWED = {"generation_id": ID, "version": 10, "suggestions": [{**SUGGESTION, "state": "accepted"}]}

# Answers from a list, the last again and again, and writes each request to a file.
RUN = """
import httpx, json, os, pathlib, sys
from unstuck.cli.app import app
from unstuck.cli.session import Session
from unstuck.client import Client
answers, asked = json.loads(os.environ["ANSWERS"]), pathlib.Path(os.environ["ASKED"])
def serve(request):
    with asked.open("a") as file: file.write(request.method + "\\n")
    status, body = answers.pop(0) if len(answers) > 1 else answers[0]
    return httpx.Response(status, json=body)
connect = lambda url, token: Client(url, token, transport=httpx.MockTransport(serve), sleep=lambda _: None)
app(obj=Session(connect=connect))
"""
type Ended = subprocess.CompletedProcess[bytes]
ASCII = {"PYTHONIOENCODING": "ascii"}
LATIN_1 = {"PYTHONIOENCODING": "latin-1"}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def unstuck(tmp_path: Path, answers: list[tuple[int, Any]], *arguments: str, **environment: str) -> Ended:
    given = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "UNSTUCK_URL": "https://api.example",
        "UNSTUCK_TOKEN": "t",
        "ANSWERS": json.dumps(answers),
        "ASKED": str(tmp_path / "asked"),
        **environment,
    }
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(  # noqa: S603 - our own code
        command, env=given, capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL
    )


def says_what_to_do(ended: Ended) -> None:
    said = " ".join(ended.stderr.decode("ascii").split())
    assert ended.returncode == 2, said
    assert "PYTHONUTF8=1" in said
    assert "--json" in said
    assert "Traceback" not in said


COMMANDS = [
    ([(200, DONE)], ("get", ID)),
    ([(200, EVENTS)], ("get", ID, "--events")),
    ([(200, FEED)], ("list",)),
    ([(200, generation("running", 3, state="working", stage=WORD))], ("why", ID)),
    ([(200, DONE)], ("watch", ID)),
    ([(200, CARDS)], ("cards",)),
    ([(200, MONTH)], ("usage",)),
    ([(200, DONE)], ("review", ID)),
    ([(200, DONE), (200, REVIEWED)], ("review", ID, "--accept", "1")),
]


@pytest.mark.parametrize("environment", [ASCII, C_LOCALE], ids=["PYTHONIOENCODING", "C locale"])
@pytest.mark.parametrize(("answers", "arguments"), COMMANDS, ids=[" ".join(each[1]) for each in COMMANDS])
def test_an_answer_that_stdout_cannot_hold_is_a_sentence_and_nothing_is_half_printed(
    tmp_path: Path, answers: list[tuple[int, Any]], arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    ended = unstuck(tmp_path, answers, *arguments, **environment)
    says_what_to_do(ended)
    assert ended.stdout == b""
    assert "\\xfc" in ended.stderr.decode("ascii")


@pytest.mark.parametrize(("answers", "arguments"), COMMANDS, ids=[" ".join(each[1]) for each in COMMANDS])
def test_the_same_answer_as_json_is_ascii(
    tmp_path: Path, answers: list[tuple[int, Any]], arguments: tuple[str, ...]
) -> None:
    ended = unstuck(tmp_path, answers, *arguments, "--json", **ASCII)
    assert ended.returncode == 0, ended.stderr
    assert json.dumps(WORD).strip('"') in ended.stdout.decode("ascii")


@pytest.mark.parametrize("environment", [LATIN_1, {"PYTHONUTF8": "1"}, {"PYTHONIOENCODING": "ascii:replace"}])
def test_an_answer_that_stdout_can_hold_is_printed(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = unstuck(tmp_path, [(200, DONE)], "get", ID, **environment)
    assert ended.returncode == 0, ended.stderr
    encoding = environment.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    assert WORD.encode(encoding, "replace") in ended.stdout


def test_what_latin_1_lacks_is_refused_there_as_well(tmp_path: Path) -> None:
    ended = unstuck(tmp_path, [(200, generation("running", 3, stage="日本"))], "get", ID, **LATIN_1)
    says_what_to_do(ended)
    assert ended.stdout == b""


@pytest.mark.parametrize(
    ("answers", "arguments"),
    [
        ([(200, PLAIN)], ("get", ID)),
        ([(200, {"generations": [PLAIN], "next_cursor": None})], ("list",)),
        ([(200, PLAIN)], ("review", ID)),
        ([(202, ACCEPTED)], ("submit", "--kind", "haiku")),
        ([(200, PLAIN)], ("--help",)),
        ([(200, PLAIN)], ("submit", "--help")),
        ([(200, PLAIN)], ("doctor", "--help")),
    ],
)
@pytest.mark.parametrize("columns", ["400", "60"])
def test_an_answer_in_ascii_is_printed_whole(
    tmp_path: Path, answers: list[tuple[int, Any]], arguments: tuple[str, ...], columns: str
) -> None:
    ended = unstuck(tmp_path, answers, *arguments, COLUMNS=columns, **ASCII)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.decode("ascii").strip()


@pytest.mark.parametrize("arguments", [("submit", "--kind", "haiku", "--wait"), ("retry", ID, "--wait")])
def test_of_an_accepted_create_the_id_is_shown_before_its_output_cannot_be(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ended = unstuck(tmp_path, [(202, ACCEPTED), (200, DONE)], *arguments, **ASCII)
    says_what_to_do(ended)
    assert ID in ended.stderr.decode("ascii")
    assert (tmp_path / "asked").read_text().splitlines()[0] == "POST"


def test_what_was_dismissed_is_not_named_where_it_cannot_be(tmp_path: Path) -> None:
    says_what_to_do(unstuck(tmp_path, [(204, None)], "dismiss", WORD, **ASCII))
    assert (tmp_path / "asked").read_text().splitlines() == ["DELETE"]


def test_a_failure_is_named_on_stderr_as_it_is_anywhere(tmp_path: Path) -> None:
    failed = generation("failed", 9, error={"code": "provider_error", "message": WORD})
    ended = unstuck(tmp_path, [(200, failed)], "watch", ID, **ASCII)
    assert ended.returncode == 1
    assert b"provider_error" in ended.stderr


def test_login_keeps_what_it_was_given_though_the_place_cannot_be_named(tmp_path: Path) -> None:
    home = tmp_path / WORD
    ended = unstuck(tmp_path, [(200, MONTH)], "login", XDG_CONFIG_HOME=str(home), **ASCII)
    says_what_to_do(ended)
    assert json.loads((home / "unstuck" / "login.json").read_text(encoding="utf-8"))["token"] == "t"


def test_nothing_is_decided_in_a_review_whose_later_items_cannot_be_shown(tmp_path: Path) -> None:
    """On a terminal, where each item is asked for: the first of these could be shown, the second could not."""
    terminal = "from rich.console import Console\nSession.watched = Console.is_terminal = True\napp(obj="
    code = RUN.replace("app(obj=", terminal)
    suggestions = [{**SUGGESTION, "back": "Bern"}, {**SUGGESTION, "number": 2}]
    two = generation("succeeded", 9, output={"suggestions": suggestions}, reviews="suggestions")
    given = {
        "PATH": os.environ["PATH"],
        "UNSTUCK_URL": "https://api.example",
        "UNSTUCK_TOKEN": "t",
        "ANSWERS": json.dumps([(200, two)]),
        "ASKED": str(tmp_path / "asked"),
        "TERM": "dumb",
        **ASCII,
    }
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, "review", ID], env=given, input=b"aa", capture_output=True, check=False, timeout=60
    )
    says_what_to_do(ended)
    assert ended.stdout == b""
    assert (tmp_path / "asked").read_text().splitlines() == ["GET"]
