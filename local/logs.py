"""`make logs`: follows the functions' logs of the running `make run`, one line per entry, until Ctrl-C.

Reads CloudWatch Logs, as an operator does on AWS. The lines of a call appear when the call ends.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import deployment

RUNNING = "running.json"
"""The file of a state directory that says how to reach the running stack; gone once it has ended."""
_NONE = "No stack runs in this folder. Start one in another terminal: make run"
_LOOK_SECONDS = 1.0
_LATE_MILLISECONDS = 10_000  # how much later a line may arrive than a younger one
_NOT_SHOWN = {"timestamp", "level", "message", "location", "service", "xray_trace_id", "cold_start", "function_arn"} | {
    "function_memory_size", "function_name", "function_request_id", "sampling_rate"
}  # fmt: skip


class NotRunningError(RuntimeError):
    """No stack with readable logs runs here."""


def announce(state: Path, endpoint: str, key: str, groups: Mapping[str, str]) -> None:
    """Write a file that says how to reach a stack: its endpoint, its root user's key and the functions' log groups."""
    file = state / RUNNING
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as output:
        json.dump({"endpoint": endpoint, "key": key, "groups": dict(groups)}, output)


def withdraw(state: Path) -> None:
    """Delete that file."""
    (state / RUNNING).unlink(missing_ok=True)


def shown(function: str, line: str, moment: datetime) -> str | None:
    """Return a line for people; None for one that only has metrics."""
    begin = f"{moment.astimezone():%H:%M:%S}  {function:<10}  "
    try:
        found = json.loads(line)
    except ValueError:
        return begin + line
    if not isinstance(found, dict):
        return begin + line
    if "_aws" in found:
        return None
    rest = {name: value for name, value in found.items() if name not in _NOT_SHOWN and value is not None}
    fields = "  ".join(f"{name}={_value(value)}" for name, value in rest.items())
    return f"{begin}{found.get('level', ''):<7}  {found.get('message', '')}  {fields}".rstrip()


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)


class Follower:
    """The lines of some log groups, each once, in the order in which they were found."""

    def __init__(self, client: Any, groups: Mapping[str, str]) -> None:
        self._client, self._groups = client, groups
        self._since = dict.fromkeys(groups, 0)
        self._seen: dict[str, set[tuple[str, int, str, int]]] = {name: set() for name in groups}

    def new(self) -> Iterator[tuple[str, str, datetime]]:
        """Yield function, line and time of all new lines since the last call, oldest first."""
        found = [(event, name) for name in self._groups for event in self._events(name)]
        for event, name in sorted(found, key=lambda pair: int(pair[0]["timestamp"])):
            moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            for line in event["message"].splitlines():
                yield name, line, moment

    def _events(self, name: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._groups[name], startTime=max(0, self._since[name] - _LATE_MILLISECONDS)
        )
        try:
            events = [event for page in pages for event in page["events"]]
        except self._client.exceptions.ResourceNotFoundException:
            return []  # the function has not written yet
        named = _named(events)
        new = [event for event_name, event in named.items() if event_name not in self._seen[name]]
        self._seen[name] = set(named)
        self._since[name] = max([self._since[name], *(event["timestamp"] for event in events)])
        return new


def _named(events: list[dict[str, Any]]) -> dict[tuple[str, int, str, int], dict[str, Any]]:
    """Identify each event by its content: the emulator gives events of functions no id. A number separates equal
    ones."""
    count: Counter[tuple[str, int, str]] = Counter()
    found = {}
    for event in events:
        key = (event["logStreamName"], event["timestamp"], event["message"])
        found[(*key, count[key])] = event
        count[key] += 1
    return found


def follow(state: Path, wanted: str, function: str) -> Iterator[str]:
    """Yield the existing lines and the new ones while the stack runs. Raises NotRunningError.

    `wanted`: only lines that contain it, such as a generation's id. `function`: only the lines of that one.
    """
    running = _running(state)
    groups = {name: group for name, group in running["groups"].items() if function in ("", name)}
    if not groups:
        raise NotRunningError(f"There is no function {function}. Choose one of {', '.join(running['groups'])}.")
    lines = Follower(deployment.client("logs", running["endpoint"], running["key"]), groups)
    while (state / RUNNING).exists():
        for name, line, moment in lines.new():
            if wanted in line and (text := shown(name, line, moment)) is not None:
                yield text
        yield ""
        time.sleep(_LOOK_SECONDS)


def _running(state: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((state / RUNNING).read_text()))
    except (OSError, ValueError):
        raise NotRunningError(_NONE) from None


def main() -> int:
    """Return 0 after Ctrl-C or when the stack ends, 1 if none runs."""
    parser = argparse.ArgumentParser(prog="make logs", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the folder of the run (default: this folder's)")
    parser.add_argument("--id", default="", help="only lines that contain this, such as a generation's id")
    parser.add_argument("--function", default="", help="only lines of this function, such as process")
    parser.add_argument("--once", action="store_true", help="show the existing lines, then exit")
    arguments = parser.parse_args()
    try:
        for line in follow(arguments.state, arguments.id, arguments.function):
            if line:
                print(line, flush=True)
            elif arguments.once:
                break
    except (NotRunningError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    except BotoCoreError:
        print(_NONE, file=sys.stderr)  # a killed stack could not remove its file
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
