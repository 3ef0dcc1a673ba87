"""Shared by the tests of leftovers: a generation with much to copy, every write, and the stored items of each owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from shared.domain.generation import ErrorInfo, Totals, Usage
from tests.contract.admitting import kept
from tests.contract.counter import Counter
from tests.contract.test_objects import LARGE, PICTURE, SAID, Place
from tests.factories import SETTINGS, a_step

PICTURES = 5


@contextmanager
def writes_of(*clients: Any) -> Iterator[list[str]]:
    """Collect the name of every request in the block that can store or delete anything in DynamoDB or S3."""
    found: list[str] = []

    def take(model: Any, **_: Any) -> None:
        if not model.name.startswith(("Get", "BatchGet", "Query", "List", "Head")):
            found.append(model.name)

    for client in clients:
        client.meta.events.register("before-call", take)
    try:
        yield found
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", take)


def one_that_drew(place: Place) -> Counter:
    """One that failed after it had drawn pictures and written a step that is too large for its item."""
    head, store, clock = place.running(kind="image"), place.store, place.clock
    names = [f"k{head.fence}-image-1-{number}.png" for number in range(PICTURES)]
    for name in names:
        store.pictures.put_picture(head, name, PICTURE, "image/png")
    images = [{"name": name, "content_type": "image/png", "bytes": len(PICTURE), **SAID} for name in names]
    store.worker.store_step(head, a_step(clock, "image-1", 1, result={"images": images}))
    store.worker.store_step(head, a_step(clock, "image-2", 2, result={"images": images, "text": LARGE}))
    store.worker.fail(head, Totals(2, Usage(1, 1, 1, Decimal("0.5"))), ErrorInfo("output_refused", "No."))
    clock.pass_seconds(1)
    settings = replace(SETTINGS, default_model="local/cards")
    return Counter(store, clock, store.reads.get(head.key) or head, settings=settings)


def all_of(place: Place, owner: str) -> tuple[list[str], list[str]]:
    return kept(place.dynamodb, owner), place.keys(owner)


def parts_of(place: Place, owner: str) -> set[str]:
    """Return the ids of the generations that have stored items other than a head."""
    items, objects = all_of(place, owner)
    named = {sk.split("#")[1] for sk in items if sk[:2] in ("I#", "S#")}
    return named | {key.split("/")[1] for key in objects}
