"""A feed of five hundred generations scrolls to its end without a duplicate or a hole, while what is in it changes."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from local.stack import LocalStack
from shared.domain.clock import SystemClock, epoch_milliseconds, uuid7
from tests.browser.opening import Tab
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually

SEEDED = 500
_serialize = TypeSerializer().serialize
SHOWN = """() => [...document.querySelectorAll('section')].map(group =>
    [...group.querySelectorAll('li[data-generation]')].map(row => row.dataset.generation))"""


@pytest.fixture
def reader(stack: LocalStack) -> Iterator[Owner]:
    """An owner who has much, put into the table directly: the tests' other owners have nothing but what they sent."""
    owner = Owner(stack, f"reader-{uuid.uuid4()}")
    yield owner
    owner.close()


def seed(owner: Owner, count: int) -> list[str]:
    """Copy an ended generation, each copy a minute older than the one before; return their ids."""
    ended = owner.submit("local/cards")
    owner.wait_for_end(ended)
    head = faults.head(owner.stack, owner.name, ended)
    clock, made = SystemClock(), []
    for number in range(1, count):
        created = clock.now() - timedelta(minutes=number)
        generation_id = uuid7(epoch_milliseconds(created), number)
        times = {name: head[name] - Decimal(60 * number) for name in ("created_at", "started_at", "finished_at")}
        made.append({**head, **times, "sk": f"G#{generation_id}", "create_op": generation_id[-16:]})
        # Three sessions and none: the feed is grouped by them.
        if number % 4:
            made[-1]["session_id"] = f"lesson-{number % 4}"
    put_all(owner.stack, made)
    return [ended, *(item["sk"].removeprefix("G#") for item in made)]


def put_all(stack: LocalStack, items: list[dict[str, Any]]) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.table_name
    for start in range(0, len(items), 25):
        puts = [
            {"PutRequest": {"Item": {name: _serialize(value) for name, value in item.items()}}}
            for item in items[start : start + 25]
        ]
        assert not dynamodb.batch_write_item(RequestItems={table: puts})["UnprocessedItems"]


def rows(tab: Tab) -> list[str]:
    """Return the ids of all rows. Each group is in order, and no row appears twice."""
    groups: list[list[str]] = tab.page.evaluate(SHOWN)
    for group in groups:
        assert group == sorted(group, reverse=True), "the newest first"
    shown = [generation_id for group in groups for generation_id in group]
    assert len(shown) == len(set(shown)), "a duplicate"
    return shown


def rows_further_down(tab: Tab) -> list[str]:
    """Scroll to the end as it now is, as a reader does when rows come in above or grow, and return all rows."""
    tab.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    return rows(tab)


@pytest.mark.timeout(600)
def test_five_hundred_generations_scroll_without_a_duplicate_or_a_hole_while_they_change(
    reader: Owner, open_page: Callable[..., Tab]
) -> None:
    everything = set(seed(reader, SEEDED))
    started = [reader.submit("local/stream:15") for _ in range(4)]
    everything |= set(started)
    tab = open_page(reader.name)
    tab.go("feed")
    tab.page.locator(f"li[data-generation='{started[-1]}']").wait_for()
    before: set[str] = set()
    dismissed: set[str] = set()
    for step in range(200):
        shown = rows(tab)
        # Generations created meanwhile come with the next reading of the newest page; the rest is there without a gap.
        oldest, missing = min(shown), before - set(shown) - dismissed
        assert not missing, f"{missing} were there before"
        assert {each for each in everything - dismissed if each >= oldest} == set(shown), "a hole"
        before = set(shown)
        if tab.page.get_by_text("That is all").is_visible():
            break
        if step % 5 == 1:
            disturb(tab, reader, everything, dismissed, step)
        eventually(lambda: rows_further_down(tab), lambda found: len(found) > len(before))  # noqa: B023 - called at once
    assert set(rows(tab)) == everything - dismissed
    assert len(everything - dismissed) >= SEEDED
    assert_the_ends_show(tab, reader, started)


def disturb(tab: Tab, reader: Owner, everything: set[str], dismissed: set[str], step: int) -> None:
    """Have the feed change while it is scrolled: a new entry at its top, one that ends early, one that goes."""
    new = reader.submit("local/stream:4")
    everything.add(new)
    tab.page.locator(f"li[data-generation='{new}']").wait_for(state="attached")
    if step % 10 == 1:
        reader.cancel(new)
    else:
        row = tab.page.locator("li[data-generation][data-status='succeeded']").nth(step)
        gone = row.get_attribute("data-generation")
        assert gone is not None
        row.get_by_role("button", name="Dismiss").click()
        tab.page.locator(f"li[data-generation='{gone}']").wait_for(state="detached")
        dismissed.add(gone)


def assert_the_ends_show(tab: Tab, reader: Owner, started: list[str]) -> None:
    for generation_id in started:
        reader.stack.hurry(generation_id)
        assert reader.wait_for_end(generation_id)["status"] == "succeeded"
        row = tab.page.locator(f"li[data-generation='{generation_id}']")
        row.and_(tab.page.locator("[data-status='succeeded']")).wait_for(state="attached")
