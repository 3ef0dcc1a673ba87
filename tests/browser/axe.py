"""Accessibility as axe-core judges it, by the rules of WCAG 2.0 to 2.2 at the levels A and AA.

The script comes with the package axe-playwright-python, so that no test of the page needs Node.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def violations(page: Page) -> list[str]:
    """Return each violation with the elements that it is about, of the page at rest.

    Half way through a fade, a text has a contrast that nobody reads.
    """
    page.emulate_media(reduced_motion="reduce")
    options = {"runOnly": {"type": "tag", "values": list(RULES)}}
    found: dict[str, Any] = Axe().run(page, options=options).response
    assert found["passes"], "axe has judged nothing"
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
