"""Two users side by side in one browser: neither ever sees what the other has."""

import uuid
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import using
from tests.browser.opening import Tab
from tests.e2e.owner import own_text


def test_two_users_side_by_side_never_see_each_others(open_page: Callable[..., Tab]) -> None:
    ada = open_page(f"ada-{uuid.uuid4()}")
    bob = open_page(f"bob-{uuid.uuid4()}", beside=ada)
    hers, his = using.submit_text(ada, own_text()), using.submit_text(bob, own_text())
    for tab in (ada, bob):
        using.wait_for_status(tab, "succeeded")
        tab.page.get_by_role("link", name="Review the cards").click()
        tab.page.get_by_role("button", name="Accept the rest").click()
        expect(tab.page.get_by_text("All decided")).to_be_visible()
    for tab, own, other in ((ada, hers, his), (bob, his, hers)):
        tab.go("feed")
        expect(using.rows(tab)).to_have_count(1)
        assert using.rows(tab).get_attribute("data-generation") == own
        tab.go("cards")
        links = tab.page.get_by_role("link", name="Its generation")
        expect(links.first).to_be_visible()
        assert {link.get_attribute("href") for link in links.all()} == {f"#/generations/{own}"}
        assert other not in tab.page.content()
        assert tab.complaints == []
        for address in (f"generations/{other}", f"generations/{other}/review"):
            tab.go(address)
            expect(tab.page.get_by_text("No generation with this id")).to_be_visible()
            tab.go("feed")
        assert tab.complaints
        assert all("404" in complaint and other in complaint for complaint in tab.complaints)
        tab.complaints.clear()  # the browser's own words for the answers that this test is about


def test_who_signs_in_after_another_finds_nothing_of_theirs(open_page: Callable[..., Tab]) -> None:
    tab = open_page(f"first-{uuid.uuid4()}")
    using.submit_text(tab, own_text())
    using.wait_for_status(tab, "succeeded")
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.get_by_label("Or another name").fill(f"second-{uuid.uuid4()}")
    tab.page.get_by_role("button", name="Sign in").click()
    tab.go("feed")
    expect(tab.page.get_by_text("Nothing here yet")).to_be_visible()
    expect(using.rows(tab)).to_have_count(0)
