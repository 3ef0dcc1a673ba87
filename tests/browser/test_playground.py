"""The playground loses no input, moves nobody away, and shows code that runs as pasted."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from local.stack import LocalStack
from tests.browser import using
from tests.browser.opening import Tab, sign_in
from tests.e2e.owner import own_text
from tests.node import ENVIRONMENT, MISSING, NODE, ROOT

PREMISE = "A lighthouse keeper finds a map of a coast that is not there."
CREATES = "**/v1/generations"


def form(tab: Tab, kind: str) -> Locator:
    tab.page.get_by_role("button", name=kind, exact=True).click()
    return tab.page.get_by_role("form", name=kind)


def premise(tab: Tab) -> Locator:
    return tab.page.get_by_role("form", name="Story").get_by_role("textbox", name="Premise")


def test_the_form_keeps_what_was_typed_whatever_comes_between(open_page: Callable[..., Tab]) -> None:
    tab = open_page(f"draft-{uuid.uuid4()}")
    page = tab.page
    form(tab, "Story").get_by_role("textbox", name="Premise").fill(PREMISE)
    form(tab, "Image")
    form(tab, "Story")
    expect(premise(tab)).to_have_value(PREMISE)
    tab.go("feed")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    tab.go("")
    expect(premise(tab)).to_have_value(PREMISE)
    page.reload()
    expect(premise(tab)).to_have_value(PREMISE)
    for status in (401, 400, 503):
        page.route(CREATES, refusing(status))
        page.get_by_role("form", name="Story").get_by_role("button", name="Generate").click()
        if status == 401:
            page.get_by_role("button", name="Sign in again").click()
            page.unroute(CREATES)
            sign_in(page, tab.user)
        else:
            expect(page.get_by_text("It was not started")).to_be_visible()
            page.unroute(CREATES)
        expect(premise(tab)).to_have_value(PREMISE)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, tab.user)
    form(tab, "Story")
    expect(premise(tab)).to_have_value("")
    assert all("40" in said or "503" in said or "Failed to load" in said for said in tab.complaints)
    tab.complaints.clear()  # the browser's own words for the answers that this test is about


def refusing(status: int) -> Callable[[Route], None]:
    """Answer creates this way; let preflights and polls pass."""

    def answer(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        allowed = {"access-control-allow-origin": route.request.headers.get("origin", "*")}
        route.fulfill(status=status, json={"message": "no"}, headers=allowed)

    return answer


def test_an_answer_that_comes_late_takes_nobody_away(open_page: Callable[..., Tab]) -> None:
    tab = open_page(f"late-{uuid.uuid4()}")
    page = tab.page
    held: list[Route] = []
    page.route(CREATES, lambda route: held.append(route) if route.request.method == "POST" else route.fallback())
    form(tab, "Flashcards").get_by_role("textbox", name="Text").fill(own_text())
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Sending…")).to_be_visible()
    form(tab, "Story").get_by_role("textbox", name="Premise").fill(PREMISE)
    held[0].continue_()
    expect(page.get_by_text("Flashcards started")).to_be_visible()
    expect(premise(tab)).to_have_value(PREMISE)
    assert "generations" not in page.url
    form(tab, "Flashcards")
    expect(page.get_by_role("textbox", name="Text")).to_have_value("")


@pytest.mark.skipif(NODE is None, reason=MISSING)
def test_the_three_snippets_run_as_they_are_pasted_and_start_one_generation(
    stack: LocalStack, open_page: Callable[..., Tab], tmp_path: Path
) -> None:
    tab = open_page(f"snippets-{uuid.uuid4()}")
    page = tab.page
    form(tab, "Flashcards").get_by_role("textbox", name="Text").fill(own_text())
    texts = {}
    for language in ("curl", "Python", "TypeScript"):
        page.get_by_role("tab", name=language).click()
        code = page.get_by_role("region", name=re.compile(f"^the {language} "))
        texts[language] = code.inner_text()
        expect(page.get_by_role("tabpanel")).to_have_count(1)
        assert "unstuck-client" not in page.get_by_role("tabpanel").inner_text().replace(texts[language], "")
    token = stack.token(tab.user)
    place = tmp_path / "app"
    (place / "node_modules").mkdir(parents=True)
    (place / "node_modules" / "unstuck-client").symlink_to(ROOT / "clients" / "typescript")
    (place / "snippet.mts").write_text(texts["TypeScript"], encoding="utf-8")
    (place / "snippet.py").write_text(texts["Python"], encoding="utf-8")
    for command in (["sh", "-c", texts["curl"]], [sys.executable, "snippet.py"], [str(NODE), "snippet.mts"]):
        environment = {**os.environ, **ENVIRONMENT, "TOKEN": token}
        done = subprocess.run(  # noqa: S603 - our own code
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "generation_id" in done.stdout or "suggestions" in done.stdout
    tab.go("feed")
    expect(using.rows(tab)).to_have_count(1)
