"""The benefit and the cost of pushes: delays, deaf clients, the messages of a text, write units."""

import time
import uuid
from collections.abc import Sequence
from statistics import median
from typing import Any

from bench.bill.meter import Meter
from bench.live.page import STORY, TEXT, Page, changing, write
from local.stack import LocalStack
from unstuck import Client

WRITES = 30
MESSAGES = 20
CONNECTS = 25
MADE = 5
_DEAF_SECONDS = 10.0
_MODEL_SECONDS = 3.0


def write_to_frame(stack: LocalStack, page: Page, generation_id: str) -> list[float]:
    """Return how long each change of a head took to the page, in seconds."""
    found = []
    for _ in range(WRITES):
        began = time.time()
        version = write(stack, page.name, generation_id)
        found.append(page.heard(generation_id, version) - began)
    return found


def message_delays(client: Client) -> list[float]:
    """Return how long the message of each generation took to its worker, in seconds."""
    found = []
    for _ in range(MESSAGES):
        done = client.create_and_wait(flashcards(0.1))
        if done.started_at is None:
            raise RuntimeError("it ended without a start")
        found.append((done.started_at - done.created_at).total_seconds())
    return found


def flashcards(seconds: float) -> dict[str, Any]:
    """Return a request whose model call takes this long."""
    return {"kind": "flashcards", "model": f"local/stream:{seconds:g}", "source_text": f"{TEXT} {uuid.uuid4()}"}


def deaf(stack: LocalStack, owner: Page, generation_id: str) -> int:
    """Return how many of those who connect one after the other, while a head changes, hear fewer than two changes."""
    count = 0
    with changing(stack, owner, generation_id):
        for _ in range(CONNECTS):
            with Page(stack, owner.name) as page:
                until = time.monotonic() + _DEAF_SECONDS
                while len(_versions(page)) < 2 and time.monotonic() < until:
                    time.sleep(0.01)
                count += len(_versions(page)) < 2
    return count


def partials(page: Page) -> dict[str, tuple[int, int, int]]:
    """Return, for each kind, how many messages of a text there were, their bytes in all, and the largest."""
    found = {}
    for kind, body, seconds in (("flashcards", {"source_text": f"{TEXT} {uuid.uuid4()}"}, 15), ("story", STORY, 10)):
        generation_id = page.create(seconds, **body)
        page.heard(generation_id, end=True)
        sizes = [size for _, frame, size in page.frames if frame.get("generation_id") == generation_id]
        found[kind] = len(sizes), sum(sizes), max(sizes)
    return found


def write_units(stack: LocalStack, owner: str, client: Client) -> float:
    """Return the write units of a generation in the median, without those of its owner's connection."""
    with Meter(stack).on() as meter:
        counted: list[float] = []
        for _ in range(MADE):
            before = _units(meter, owner)
            client.create_and_wait(flashcards(_MODEL_SECONDS))
            time.sleep(1)  # what follows the end
            counted.append(_units(meter, owner) - before)
    return median(counted)


def _units(meter: Meter, owner: str) -> float:
    return sum(call.write_units + call.index_units for call in meter.of(owner) if call.function != "live")


def _versions(page: Page) -> set[int]:
    heads: Sequence[dict[str, Any]] = [frame.get("generation", {}) for _, frame, _ in list(page.frames)]
    return {head["version"] for head in heads if "version" in head}
