"""A user's actions on the page, by the names that a screen reader would read: submit a text, wait for a state."""

from playwright.sync_api import Locator, expect

from tests.browser.opening import PATIENCE_MS, Tab

expect.set_options(timeout=PATIENCE_MS)


def submit_text(tab: Tab, text: str, model: str | None = None) -> str:
    """Send a text from the playground and return the id of the generation whose screen follows."""
    page = tab.page
    tab.go("")
    form = page.get_by_role("form", name="Flashcards")
    form.get_by_role("textbox", name="Text").fill(text)
    if model is not None:
        form.locator("summary").click()
        form.get_by_role("combobox", name="Model").select_option("other")
        form.get_by_role("textbox", name="Name of the model").fill(model)
    form.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/#/generations/*")
    return page.url.rpartition("/")[2]


def badge(tab: Tab, status: str) -> Locator:
    """Return the badge that shows a status of the generation whose screen this is."""
    return tab.page.locator(f"[aria-label='State'] [data-status='{status}']")


def wait_for_status(tab: Tab, status: str) -> None:
    expect(badge(tab, status)).to_be_visible()


def rows(tab: Tab) -> Locator:
    """Return the feed's lines."""
    return tab.page.locator("li[data-generation]")
