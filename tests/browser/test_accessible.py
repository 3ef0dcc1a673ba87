"""No screen violates WCAG at level A or AA as far as axe can see, in light and dark. None is wider than a phone."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import ViewportSize, expect

from local.stack import LocalStack
from tests.browser.axe import violations
from tests.browser.conftest import served_document
from tests.browser.opening import NARROW, WIDE, Scheme, Tab
from tests.browser.screens import Furnished, screens
from tests.e2e.owner import Owner

# The narrow ones come last: the page is used as it is left.
LOOKS: tuple[tuple[str, ViewportSize, Scheme], ...] = (
    ("wide and light", WIDE, "light"),
    ("wide and dark", WIDE, "dark"),
    ("narrow and dark", NARROW, "dark"),
    ("narrow and light", NARROW, "light"),
)


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
def test_no_screen_violates_level_a_or_aa(account: Furnished, open_page: Callable[..., Tab]) -> None:
    # Each screen is reached and used in the narrow page. The other tests use the wide one.
    tab = open_page(account.owner.name, viewport=NARROW)
    found: dict[str, list[str]] = {}
    for name in screens(tab, account):
        found |= judged(tab, name)
    assert len(found) > 10 * len(LOOKS)
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_screens_of_one_who_has_nothing_violate_nothing(open_page: Callable[..., Tab]) -> None:
    tab = open_page(f"nobody-{uuid.uuid4()}", viewport=NARROW)
    found: dict[str, list[str]] = {}
    for route, shown in (
        ("feed", "Nothing here yet"),
        ("cards", "No cards yet"),
        ("nowhere/at/all", "Page not found"),
    ):
        tab.go(route)
        expect(tab.page.get_by_text(shown)).to_be_visible()
        found |= judged(tab, route)
    tab.go("usage")
    expect(tab.page.get_by_role("heading", name="Usage")).to_be_visible()
    found |= judged(tab, "usage")
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page.get_by_role("heading", name="Sign in to the local stack")).to_be_visible()
    found |= judged(tab, "sign-in")
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_axe_finds_what_is_wrong(open_page: Callable[..., Tab]) -> None:
    """A judge that never objects would be worth nothing."""
    tab = open_page(f"nobody-{uuid.uuid4()}")
    tab.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')")
    found = violations(tab.page)
    assert [problem.partition(":")[0] for problem in found if "image-alt" in problem or "button-name" in problem]


def judged(tab: Tab, name: str) -> dict[str, list[str]]:
    """Return what is wrong with the screen that is shown, for each look of it."""
    found: dict[str, list[str]] = {}
    for look, size, scheme in LOOKS:
        tab.page.set_viewport_size(size)
        tab.page.emulate_media(color_scheme=scheme)
        expect(tab.page.locator("html")).to_have_attribute("data-theme", scheme)
        found[f"{name}, {look}"] = violations(tab.page) + overflow(tab)
    return found


def overflow(tab: Tab) -> list[str]:
    """Whether one has to scroll sideways (WCAG 1.4.10, which axe does not judge)."""
    wide, seen = tab.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [f"{wide} pixels wide in {seen}"] if wide > seen else []
