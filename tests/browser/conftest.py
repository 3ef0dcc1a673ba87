"""One local stack with the page for all tests of it; workers beat fast, and a lost one is replaced after seconds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from local.stack import LocalStack, StackOptions
from tests.browser.applications import Application, served
from tests.browser.opening import Tab, chromium, opened
from tests.e2e.conftest import SHORT, alice, new_owner
from tests.e2e.contract import Document

__all__ = ["alice", "new_owner"]

OWN_KINDS = "tests.browser.own_kinds"
# Long enough for a person, or a browser, to see the badge between a kill and its rescue.
FOR_WATCHING = {
    **SHORT,
    "LeaseSeconds": "8",
    "DispatchGraceSeconds": "6",
    "ProcessTimeoutSeconds": "120",
    "WebPage": "enabled",
}


@pytest.fixture(scope="package")
def applications() -> Iterator[dict[str, Application]]:
    """Places for applications of others, whose origins the stack knows before there is anything in them."""
    with ExitStack() as serving:
        yield {name: serving.enter_context(served()) for name in ("vite", "next", "plain")}


@contextmanager
def with_own_kinds(options: StackOptions) -> Iterator[LocalStack]:
    """Start a stack that has the kinds of `own_kinds` beside Unstuck's."""
    stack = LocalStack(options)
    with pytest.MonkeyPatch.context() as environment, ExitStack() as running:
        environment.setenv("KINDS_PACKAGE", OWN_KINDS)
        running.enter_context(stack)
        environment.undo()
        yield stack


def served_document(stack: LocalStack) -> Document:
    """Return the OpenAPI document as the stack serves it: with its own kinds."""
    return Document(httpx.get(f"{stack.api_url}/v1/openapi.json", timeout=60).raise_for_status().json())


@pytest.fixture(scope="package")
def stack(applications: dict[str, Application]) -> Iterator[LocalStack]:
    origins = tuple(each.origin for each in applications.values())
    with with_own_kinds(StackOptions(parameters=FOR_WATCHING, page=True, allowed_origins=origins)) as running:
        yield running


# Gone with the last test of this folder. While Playwright exists, its own loop runs in this thread, and no test could
# call asyncio.run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def open_page(stack: LocalStack, browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Open the page for a user. At the end of the test no tab may have complained in its console."""
    tabs: list[Tab] = []
    with ExitStack() as open_tabs:

        def open_one(user: str, **options: Any) -> Tab:
            tabs.append(open_tabs.enter_context(opened(browser, stack, user, **options)))
            return tabs[-1]

        yield open_one
    assert [complaint for tab in tabs for complaint in tab.complaints] == []
