"""A page that loses its network says so, blames no worker, and continues at once when the network is back."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import using
from tests.browser.opening import Tab
from tests.e2e.owner import Owner, own_text


def test_a_page_that_is_offline_says_so_and_goes_on_by_itself(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    generation_id = using.submit_text(tab, own_text(), "local/stream:12")
    alice.generations.append(generation_id)
    using.wait_for_status(tab, "running")
    state = tab.page.get_by_label("State")
    tab.page.context.set_offline(True)
    silent = state.get_by_text(re.compile("This page has had no response from the service"))
    expect(silent.first).to_be_visible()
    alice.wait_for_end(generation_id)
    # The worker has ended meanwhile, and beat to its end: nothing here says that it was late.
    expect(state.locator("[data-stuck]")).to_have_count(0)
    expect(silent.first).to_be_visible()
    tab.page.context.set_offline(False)
    using.wait_for_status(tab, "succeeded")
    expect(silent).to_have_count(0)
    assert all("ERR_INTERNET_DISCONNECTED" in said for said in tab.complaints), tab.complaints
    tab.complaints.clear()  # the browser's own words for the subject of this test
