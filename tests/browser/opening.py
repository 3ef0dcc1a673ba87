"""A headless Chromium for the page: one tab for each user, and the errors that it reported.

Owns how to open the page and sign in. The tests own what happens there.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from local.stack import LocalStack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
type Scheme = Literal["light", "dark"]
# A look every few seconds on a busy machine of two cores: what a test waits for may take its time.
PATIENCE_MS = 60_000
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 380, "height": 800}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser for the length of the block."""
    assert CHROMIUM, "no Chromium: install Debian's package `chromium`"
    # Root has no user namespaces to build a sandbox of. Nothing but the page of this stack is ever opened.
    sandbox = [] if os.getuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*sandbox, "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Page, user: str) -> None:
    """Sign in by name, as the local page lets anybody do."""
    page.get_by_label("Or another name").fill(user)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Screens").wait_for()


@dataclass
class Tab:
    """One user's tab. `complaints` is what the browser's console has shown as an error or a warning."""

    page: Page
    stack: LocalStack
    user: str
    complaints: list[str] = field(default_factory=list)

    def go(self, route: str) -> None:
        """Go to a screen, as `feed` or `generations/<id>`."""
        self.page.goto(f"{self.stack.page_url}#/{route}")

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})"[-600:])

    def failed(self, error: Any) -> None:
        self.complaints.append(f"uncaught: {error}")


@contextmanager
def opened(
    browser: Browser,
    stack: LocalStack,
    user: str,
    *,
    scheme: Scheme = "light",
    viewport: ViewportSize | None = None,
    beside: Tab | None = None,
) -> Iterator[Tab]:
    """Open the page and sign in as `user`: in a new profile, or in a second tab `beside` another."""
    if beside is None:
        context = browser.new_context(color_scheme=scheme, viewport=viewport or WIDE, locale="en-GB", timezone_id="UTC")
    else:
        context = beside.page.context
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    tab = Tab(page, stack, user)
    page.on("console", tab.heard)
    page.on("pageerror", tab.failed)
    try:
        page.goto(stack.page_url)
        sign_in(page, user)
        yield tab
    finally:
        page.close()
        if beside is None:
            context.close()
