"""No screen violates WCAG at level A or AA as far as axe can see, in light and dark. None is wider than a phone."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from local.stack import LocalStack
from tests.browser.axe import violations
from tests.browser.conftest import served_document
from tests.browser.opening import NARROW, WIDE, Scheme, Tab
from tests.browser.screens import Furnished, screens
from tests.e2e.owner import Owner


@pytest.fixture(scope="module")
def account(stack: LocalStack) -> Iterator[Furnished]:
    owner = Owner(stack, f"furnished-{uuid.uuid4()}", served_document(stack))
    furnished = Furnished(stack, owner)
    furnished.furnish()
    yield furnished
    if (running := furnished.made.get("running")) is not None:
        owner.cancel(running)
    owner.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_screen_violates_level_a_or_aa(
    account: Furnished, open_page: Callable[..., Tab], scheme: Scheme, viewport: dict[str, int]
) -> None:
    tab = open_page(account.owner.name, scheme=scheme, viewport=viewport)
    found: dict[str, list[str]] = {}
    for name in screens(tab, account):
        found[name] = violations(tab.page) + overflow(tab)
    assert len(found) > 10
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_screens_of_one_who_has_nothing_violate_nothing(open_page: Callable[..., Tab], scheme: Scheme) -> None:
    tab = open_page(f"nobody-{uuid.uuid4()}", scheme=scheme)
    found: dict[str, list[str]] = {}
    for route, shown in (
        ("feed", "Nothing here yet"),
        ("cards", "No cards yet"),
        ("nowhere/at/all", "Page not found"),
    ):
        tab.go(route)
        expect(tab.page.get_by_text(shown)).to_be_visible()
        found[route] = violations(tab.page)
    tab.go("usage")
    expect(tab.page.get_by_role("heading", name="Usage")).to_be_visible()
    found["usage"] = violations(tab.page)
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page.get_by_role("heading", name="Sign in to the local stack")).to_be_visible()
    found["sign-in"] = violations(tab.page)
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_axe_finds_what_is_wrong(open_page: Callable[..., Tab]) -> None:
    """A judge that never objects would be worth nothing."""
    tab = open_page(f"nobody-{uuid.uuid4()}")
    tab.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')")
    found = violations(tab.page)
    assert [problem.partition(":")[0] for problem in found if "image-alt" in problem or "button-name" in problem]


def overflow(tab: Tab) -> list[str]:
    """Whether one has to scroll sideways (WCAG 1.4.10, which axe does not judge)."""
    wide, seen = tab.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [f"{wide} pixels wide in {seen}"] if wide > seen else []
