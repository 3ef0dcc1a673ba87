"""A page that is live: it shows what is written while it is written, and says when it only polls."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from local.stack import LocalStack
from tests.browser import using
from tests.browser.conftest import served_document
from tests.browser.opening import PATIENCE_MS, Tab
from tests.e2e import faults
from tests.e2e.listening import connected
from tests.e2e.owner import Owner, eventually, own_text

HIDDEN = """isHidden => {
    Object.defineProperty(document, 'visibilityState', {configurable: true, value: isHidden ? 'hidden' : 'visible'});
    Object.defineProperty(document, 'hidden', {configurable: true, value: isHidden});
    document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
}"""
REFUSED = """url => new Promise(resolve => {
    document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective), {once: true});
    try { new WebSocket(url) } catch (refused) { }
    setTimeout(() => resolve('nothing'), 20000);
})"""


def made(owner: Owner, tab: Tab, model: str, **fields: Any) -> str:
    """Have the owner's service make something, and go to its screen."""
    answer = owner.http.post("/v1/generations", json={"model": model, **fields})
    assert answer.status_code == 202, answer.text
    owner.generations.append(generation_id := str(answer.json()["generation_id"]))
    tab.go(f"generations/{generation_id}")
    return generation_id


def written(tab: Tab) -> Locator:
    """Return the text being written, as the page shows it."""
    return tab.page.locator(".writing")


def mark(tab: Tab, word: str) -> Locator:
    """Return the mark that says how the page learns of changes."""
    return tab.page.get_by_role("img", name=re.compile(f"^{word}: "))


def wait_for_more(lines: Locator, than: int) -> int:
    """Wait until there are more of them, and return how many."""
    return eventually(lines.count, lambda count: count > than)


def test_cards_come_one_after_the_other_and_give_way_to_those_that_count(
    alice: Owner, open_page: Callable[..., Tab]
) -> None:
    tab = open_page(alice.name)
    generation_id = made(alice, tab, "local/stream:15", source_text=own_text())
    lines = written(tab).get_by_role("listitem")
    first = wait_for_more(lines, 0)
    expect(mark(tab, "Live")).to_be_visible()
    expect(written(tab).get_by_text("Provisional")).to_be_visible()
    front = lines.first.locator(".pair-front").inner_text()
    wait_for_more(lines, first)
    assert alice.look(generation_id)["status"] == "running"
    alice.stack.hurry(generation_id)
    using.wait_for_status(tab, "succeeded")
    expect(written(tab)).to_have_count(0)
    expect(mark(tab, "")).to_have_count(0)
    expect(tab.page.get_by_role("heading", name=re.compile(r"^\d+ cards$"))).to_be_visible()
    expect(tab.page.locator(".pair-front").first).to_have_text(front)


def test_a_story_is_read_while_it_is_written(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    premise = "A lighthouse keeper finds a door in the cliff, and behind it a stair that leads down."
    generation_id = made(alice, tab, "local/stream:6", kind="story", premise=premise, chapters=2)
    # The outline is the first step: its title is the first that is written, and stays.
    title = written(tab).get_by_role("heading", level=2).inner_text()
    chapter = written(tab).locator("section:not(.story-line)").first
    expect(chapter.locator("p").first).to_have_text(re.compile(r"\w+ \w+"))
    expect(written(tab).get_by_role("heading", name=title)).to_be_visible()
    alice.stack.hurry(generation_id)
    using.wait_for_status(tab, "succeeded")
    expect(written(tab)).to_have_count(0)
    output = alice.look(generation_id)["output"]
    assert output["title"].startswith(title)
    expect(tab.page.get_by_role("heading", name=output["chapters"][1]["heading"])).to_be_visible()


def test_a_kind_of_ones_own_is_shown_by_its_fields_and_as_text_alone(
    stack: LocalStack, open_page: Callable[..., Tab]
) -> None:
    owner = Owner(stack, f"own-{uuid.uuid4()}", served_document(stack))
    tab = open_page(owner.name)
    generation_id = made(owner, tab, "local/stream:8", kind="recipe", dish="<img src=x onerror=alert(1)> soup")
    # As its schema calls it.
    expect(written(tab).get_by_text("Name of the dish")).to_be_visible()
    expect(written(tab).get_by_text("<img src=x").first).to_be_visible()
    expect(written(tab).get_by_role("heading", name="Ingredients")).to_be_visible()
    expect(written(tab).locator("img, a, script")).to_have_count(0)
    stack.hurry(generation_id)
    using.wait_for_status(tab, "succeeded")
    expect(written(tab)).to_have_count(0)
    owner.close()


def test_what_is_written_that_is_no_card_hurts_nothing(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    page = tab.page
    page.add_init_script(DAMAGED)
    page.reload()
    generation_id = made(alice, tab, "local/stream:8", source_text=own_text())
    using.wait_for_status(tab, "running")
    expect(written(tab).get_by_text("no list of cards")).to_be_visible()
    alice.stack.hurry(generation_id)
    using.wait_for_status(tab, "succeeded")
    tab.complaints.clear()  # React names what was thrown, which is what this test is about


# Messages that a server of another version might send: the page uses or ignores each correctly.
DAMAGED = """
const add = WebSocket.prototype.addEventListener;
const handed = event => {
    const frame = JSON.parse(event.data);
    if (frame.type !== 'partial') return event;
    frame.output = {suggestions: [null, 7, {front: {}}], other: 'no list of cards'};
    return new MessageEvent('message', {data: JSON.stringify(frame)});
};
Object.defineProperty(WebSocket.prototype, 'onmessage', {set(on) {
    add.call(this, 'message', event => on.call(this, handed(event)));
}});
WebSocket.prototype.addEventListener = function (type, on, options) {
    return add.call(this, type, type === 'message' ? event => on.call(this, handed(event)) : on, options);
};
"""


def test_the_mark_says_that_the_page_polls_when_nothing_is_pushed_and_when_it_is_live_again(
    stack: LocalStack, alice: Owner, open_page: Callable[..., Tab]
) -> None:
    tab = open_page(alice.name)
    tab.go("feed")
    expect(mark(tab, "Live")).to_be_visible()
    with (
        faults.denied(stack, "push", "execute-api:ManageConnections"),
        faults.denied(stack, "live", "dynamodb:PutItem"),
    ):
        generation_id = made(alice, tab, "local/stream:14", source_text=own_text())
        expect(mark(tab, "Polling")).to_be_visible()
        alice.wait_for(generation_id, lambda found: found["progress"] > 30)
    stack.hurry(generation_id)
    using.wait_for_status(tab, "succeeded")
    tab.go("feed")
    expect(mark(tab, "Live")).to_be_visible(timeout=2 * PATIENCE_MS)
    tab.complaints.clear()  # the browser names the tickets that were refused


def test_the_policy_lets_the_socket_of_the_api_through_and_no_other(
    alice: Owner, open_page: Callable[..., Tab]
) -> None:
    tab = open_page(alice.name)
    tab.go("feed")
    expect(mark(tab, "Live")).to_be_visible()
    for url in ("wss://elsewhere.example/live", "ws://127.0.0.1:1/"):
        assert tab.page.evaluate(REFUSED, url) == "connect-src", url
    tab.complaints.clear()  # which is what this test is about


def test_a_tab_that_is_hidden_lets_its_connection_go_and_has_it_again_once_it_is_seen(
    stack: LocalStack, alice: Owner, open_page: Callable[..., Tab]
) -> None:
    tab = open_page(alice.name)
    tab.go("feed")
    expect(mark(tab, "Live")).to_be_visible()
    eventually(lambda: connected(stack, alice.name), lambda found: found != [])
    tab.page.evaluate(HIDDEN, True)
    eventually(lambda: connected(stack, alice.name), lambda found: found == [])
    tab.page.evaluate(HIDDEN, False)
    generation_id = made(alice, tab, "local/stream:8", source_text=own_text())
    expect(mark(tab, "Live")).to_be_visible()
    wait_for_more(written(tab).get_by_role("listitem"), 0)
    stack.hurry(generation_id)
    alice.wait_for_end(generation_id)
    using.wait_for_status(tab, "succeeded")


def test_a_page_that_was_offline_says_so_and_is_live_again(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    generation_id = made(alice, tab, "local/stream:14", source_text=own_text())
    expect(mark(tab, "Live")).to_be_visible()
    tab.page.context.set_offline(True)
    expect(mark(tab, "Offline")).to_be_visible()
    tab.page.context.set_offline(False)
    expect(mark(tab, "Live")).to_be_visible()
    alice.stack.hurry(generation_id)
    alice.wait_for_end(generation_id)
    using.wait_for_status(tab, "succeeded")
    assert all("ERR_INTERNET_DISCONNECTED" in said for said in tab.complaints), tab.complaints
    tab.complaints.clear()  # the browser's own words for the subject of this test
