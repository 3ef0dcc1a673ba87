"""`make logs` shows each line of a running stack's functions once, as a person reads it, and says when none runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest

from local import logs
from local.emulator import PROJECT

MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
GROUPS = {"create": "/unstuck/create", "process": "/unstuck/process"}


@pytest.fixture
def client() -> Iterator[Any]:
    with moto.mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        for group in GROUPS.values():
            client.create_log_group(logGroupName=group)
            client.create_log_stream(logGroupName=group, logStreamName="one")
        yield client


def write(client: Any, group: str, *lines: tuple[int, str]) -> None:
    events = [{"timestamp": _milliseconds() + at, "message": line} for at, line in lines]
    client.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def _milliseconds() -> int:
    return int(datetime.now(UTC).timestamp() * 1000) // 1000 * 1000 - 60_000


def test_each_line_comes_once_and_in_the_order_of_time_over_all_functions(client: Any) -> None:
    follower = logs.Follower(client, GROUPS)
    write(client, GROUPS["process"], (200, "second"), (400, "fourth\nfifth"))
    write(client, GROUPS["create"], (100, "first"), (300, "third"))
    assert [line for _, line, _ in follower.new()] == ["first", "second", "third", "fourth", "fifth"]
    assert list(follower.new()) == []
    write(client, GROUPS["create"], (350, "late"), (900, "last"))
    assert [(name, line) for name, line, _ in follower.new()] == [("create", "late"), ("create", "last")]
    assert list(follower.new()) == []


def test_lines_that_are_equal_in_all_are_all_shown_and_a_group_that_is_not_there_yet_is_waited_for(client: Any) -> None:
    follower = logs.Follower(client, {**GROUPS, "sweeper": "/unstuck/sweeper"})
    write(client, GROUPS["create"], (100, "again"), (100, "again"))
    assert [line for _, line, _ in follower.new()] == ["again", "again"]
    client.create_log_group(logGroupName="/unstuck/sweeper")
    client.create_log_stream(logGroupName="/unstuck/sweeper", logStreamName="one")
    write(client, "/unstuck/sweeper", (1, "swept"))
    assert [(name, line) for name, line, _ in follower.new()] == [("sweeper", "swept")]


def test_a_line_of_json_is_shown_as_its_message_and_its_fields() -> None:
    line = {"level": "WARNING", "message": "the attempt ended", "timestamp": "x", "service": "unstuck",
            "location": "a:1", "generation_id": "01",
            "code": "timeout", "seconds": 1.5, "model": None, "said": "two\nlines"}  # fmt: skip
    text = logs.shown("process", json.dumps(line), MOMENT)
    assert text is not None
    clock, _, rest = text.partition("  ")
    assert clock == f"{MOMENT.astimezone():%H:%M:%S}"
    assert rest.split() == [
        "process", "WARNING", "the", "attempt", "ended", "generation_id=01", "code=timeout", "seconds=1.5",
        'said="two\\nlines"',
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["Traceback (most recent call last):", "[1, 2]", '"text"', "{broken"])
def test_a_line_that_is_no_object_is_shown_as_it_is(line: str) -> None:
    assert str(logs.shown("process", line, MOMENT)).endswith(line)


def test_metrics_are_not_shown() -> None:
    assert logs.shown("process", '{"_aws": {"Timestamp": 1}, "Failures": 1}', MOMENT) is None


@pytest.mark.parametrize("killed", [False, True])
def test_without_a_running_stack_it_says_how_to_start_one(tmp_path: Path, killed: bool) -> None:
    if killed:
        logs.announce(tmp_path, "http://127.0.0.1:9", "key", GROUPS)
    argv = [sys.executable, "-m", "local.logs", "--state", str(tmp_path)]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert done.returncode == 1
    assert done.stderr.strip().endswith("make run")
    assert "Traceback" not in done.stderr


def test_a_function_that_is_none_is_named_with_those_that_are(tmp_path: Path) -> None:
    logs.announce(tmp_path, "http://127.0.0.1:9", "key", GROUPS)
    with pytest.raises(logs.NotRunningError, match=r"no function worker\. Choose one of create, process"):
        next(logs.follow(tmp_path, "", "worker"))


def test_what_leads_to_a_stack_is_its_owners_alone_and_goes_with_it(tmp_path: Path) -> None:
    logs.announce(tmp_path, "http://127.0.0.1:9", "key", GROUPS)
    assert (tmp_path / logs.RUNNING).stat().st_mode & 0o777 == 0o600
    logs.withdraw(tmp_path)
    logs.withdraw(tmp_path)
    assert not (tmp_path / logs.RUNNING).exists()
