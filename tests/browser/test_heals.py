"""The page's promise before one's eyes: a worker is killed, the page says so at once, another ends what it began."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import using
from tests.browser.opening import Tab
from tests.e2e.owner import Owner, eventually, own_text


@pytest.mark.timeout(600)
def test_a_killed_worker_is_seen_rescued_and_its_cards_are_reviewed_by_keyboard(
    alice: Owner, open_page: Callable[..., Tab]
) -> None:
    tab = open_page(alice.name)
    generation_id = using.submit_text(tab, own_text(), "local/stream:18")
    alice.generations.append(generation_id)
    using.wait_for_status(tab, "running")
    progress = watch_progress(tab)
    tab.page.get_by_role("link", name="Break it").click()
    kill_and_see_the_rescue(tab, generation_id)
    tab.stack.hurry(generation_id)
    using.wait_for_status(tab, "succeeded")
    assert alice.wait_for_end(generation_id)["attempt"] == 2
    assert progress_of(tab) == 100
    assert progress, "it moved before the worker was killed"
    tab.page.get_by_role("link", name="Review the cards").click()
    decided = review_by_keyboard(tab)
    assert_the_same_after_a_reload(tab, decided)
    assert_stored(alice, generation_id, decided)


def watch_progress(tab: Tab) -> list[int]:
    """Return the first values of the bar, which only go up."""
    seen = [progress_of(tab)]
    until = time.monotonic() + 60
    while len(seen) < 3 and time.monotonic() < until:
        if (now := progress_of(tab)) != seen[-1]:
            seen.append(now)
        tab.page.wait_for_timeout(50)
    assert len(seen) == 3, f"the bar stands still: {seen}"
    assert seen == sorted(seen)
    return seen


def progress_of(tab: Tab) -> int:
    bar = tab.page.get_by_label("State").get_by_role("progressbar")
    return int(bar.get_attribute("aria-valuenow") or -1)


def kill_and_see_the_rescue(tab: Tab, generation_id: str) -> None:
    page, state = tab.page, tab.page.get_by_label("State")
    expect(page.get_by_role("link", name=generation_id[-6:]).first).to_be_attached()
    expect(state.locator("[data-stuck]")).to_have_count(0)
    page.get_by_role("button", name="Kill its worker").click()
    expect(page.get_by_text("Killed worker")).to_be_visible()
    # The lease holds for eight seconds: within them the page knows, and says what is being done about it.
    expect(state.locator("[data-stuck]")).to_be_visible()
    expect(state.get_by_text(re.compile("No heartbeat for"))).to_be_visible()
    expect(state.get_by_text(re.compile("Another worker takes over"))).to_be_visible()
    expect(state.locator("[data-rescued]")).to_be_visible()
    expect(state.locator("[data-stuck]")).to_have_count(0)


def review_by_keyboard(tab: Tab) -> dict[int, tuple[str, str]]:
    """Accept the first, edit the second, reject the third, with keys alone; return state and front of each."""
    page, keyboard = tab.page, tab.page.keyboard
    expect(item(tab, 1)).to_have_attribute("aria-current", "true")
    keyboard.press("a")
    expect(item(tab, 1)).to_have_attribute("data-state", "accepted")
    expect(item(tab, 2)).to_have_attribute("aria-current", "true")
    keyboard.press("e")
    front = page.get_by_role("textbox", name="Front")
    expect(front).to_be_focused()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("What did I edit? A card, and ajr are letters.")
    keyboard.press("ControlOrMeta+Enter")
    expect(item(tab, 2)).to_have_attribute("data-state", "accepted")
    expect(item(tab, 3)).to_have_attribute("aria-current", "true")
    keyboard.press("r")
    expect(item(tab, 3)).to_have_attribute("data-state", "rejected")
    keyboard.press("k")
    keyboard.press("k")
    expect(item(tab, 2)).to_have_attribute("aria-current", "true")
    keyboard.press("j")
    expect(item(tab, 3)).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("storing")).to_have_count(0)
    return states(tab)


def item(tab: Tab, number: int) -> Locator:
    return tab.page.locator(f"li[data-number='{number}']")


def states(tab: Tab) -> dict[int, tuple[str, str]]:
    read = """items => items.map(item =>
        [Number(item.dataset.number), [item.dataset.state, item.querySelector('.pair-front').textContent]])"""
    found: list[tuple[int, list[str]]] = tab.page.locator("li[data-number]").evaluate_all(read)
    return {number: (state, front) for number, (state, front) in found}


def assert_the_same_after_a_reload(tab: Tab, decided: dict[int, tuple[str, str]]) -> None:
    assert [decided[number][0] for number in (1, 2, 3, 4)] == ["accepted", "accepted", "rejected", "proposed"]
    assert decided[2][1].startswith("What did I edit?")
    tab.page.reload()
    expect(item(tab, 1)).to_be_visible()
    assert states(tab) == decided
    tab.page.get_by_role("link", name="All your cards").click()
    expect(tab.page.locator("li[data-card]")).to_have_count(2)
    for number in (1, 2):
        expect(tab.page.get_by_text(decided[number][1])).to_be_visible()


def assert_stored(alice: Owner, generation_id: str, decided: dict[int, tuple[str, str]]) -> None:
    suggestions: list[dict[str, Any]] = alice.look(generation_id)["output"]["suggestions"]
    assert {each["number"]: (each["state"], each["front"]) for each in suggestions} == decided


@pytest.mark.timeout(300)
def test_a_lost_message_is_seen_and_sent_again(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    tab.go("faults")
    tab.page.get_by_role("button", name="Start one and lose its message").click()
    tab.page.wait_for_url("**/#/faults/*")
    generation_id = tab.page.url.rpartition("/")[2]
    alice.generations.append(generation_id)
    using.wait_for_status(tab, "pending")
    expect(tab.page.get_by_label("State").locator("[data-rescued]")).to_be_visible()
    using.wait_for_status(tab, "succeeded")
    assert alice.look(generation_id)["attempt"] == 1, "nobody had begun it"


@pytest.mark.timeout(300)
def test_a_frozen_worker_wakes_too_late_and_what_is_shown_stays(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    generation_id = using.submit_text(tab, own_text(), "local/stream:6")
    alice.generations.append(generation_id)
    tab.go(f"faults/{generation_id}")
    using.wait_for_status(tab, "running")
    tab.page.get_by_role("combobox").select_option("20")
    tab.page.get_by_role("button", name="Freeze its worker").click()
    expect(tab.page.get_by_label("State").locator("[data-stuck]")).to_be_visible()
    frozen = tab.page.get_by_text("frozen", exact=True)
    expect(frozen).to_be_visible()
    using.wait_for_status(tab, "succeeded")
    expect(frozen).to_have_count(0)
    found = alice.look(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    using.wait_for_status(tab, "succeeded")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("button", "ending"), [("429", "succeeded"), ("Cut off", "succeeded"), ("Garble", "failed"), ("Hang", "canceled")]
)
def test_a_model_that_misbehaves_ends_as_it_is_told(
    alice: Owner, open_page: Callable[..., Tab], button: str, ending: str
) -> None:
    tab = open_page(alice.name)
    tab.go("faults")
    tab.page.get_by_role("button", name=button, exact=True).click()
    tab.page.wait_for_url("**/#/faults/*")
    generation_id = tab.page.url.rpartition("/")[2]
    alice.generations.append(generation_id)
    if button == "Garble":
        alice.repaired.add(generation_id)
    if button == "Hang":  # its deadline is far away: a test that has seen enough ends it
        eventually(lambda: alice.look(generation_id), lambda found: found["status"] == "running")
        alice.cancel(generation_id)
    using.wait_for_status(tab, ending)
