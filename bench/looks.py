"""A page that polls one generation of each kind every two seconds, at the template's own timings.

`python -m bench.looks` runs them on a local stack with a model that takes `--seconds` in total, and prints each poll.
"""

import argparse
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.stack import LocalStack, StackOptions

POLL_SECONDS = 2.0
TEXT = "The cell is the smallest unit of life. Robert Hooke named it in 1665. " * 20
CALLS = {"flashcards": 1, "assistant": 2, "story": 4}
"""The model's seconds, shared by its successive calls."""
BODIES: dict[str, dict[str, Any]] = {
    "flashcards": {"source_text": TEXT},
    "assistant": {"sentence": "I want to run a marathon in October."},
    "story": {"premise": "A lighthouse keeper finds a door in the sea.", "chapters": CALLS["story"] - 1},
}


@dataclass(frozen=True)
class Look:
    """The result of one poll, and how many seconds after the create it was."""

    seconds: float
    status: str
    progress: int
    stage: str


def looks(stack: LocalStack, kind: str, model_seconds: float) -> Iterator[Look]:
    """Create a generation, then yield each look at it until it has ended."""
    headers = {"authorization": f"Bearer {stack.token('looks')}", "content-type": "application/json"}
    body = {"kind": kind, "model": f"local/stream:{model_seconds / CALLS[kind]:g}", **BODIES[kind]}
    made = _call(f"{stack.api_url}/v1/generations", headers, body)
    began = time.monotonic()
    while True:
        found = _call(f"{stack.api_url}{made['urls']['self']}", headers)
        yield Look(time.monotonic() - began, found["status"], found["progress"], found.get("stage", "-"))
        if found["status"] in ("succeeded", "failed", "canceled"):
            return
        time.sleep(POLL_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.looks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="what the model takes for one generation (8)")
    seconds = parser.parse_args().seconds
    with LocalStack(StackOptions(parameters={"RateLimits": "*=60/300"})) as stack:
        for kind, calls in CALLS.items():
            list(looks(stack, kind, 0.1))  # a cold start is another measure
            print(f"\n{kind}, {seconds:g} s in {calls} call{'' if calls == 1 else 's'}")
            for look in looks(stack, kind, seconds):
                print(f"{look.seconds:6.1f} s  {look.status:<9} {look.progress:3d} %  {look.stage}")


def _call(url: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - an address of our own stack
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
