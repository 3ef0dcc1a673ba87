"""Takes pictures of the page: of docs/images, those that a document shows; into another folder, all of them.

`python -m tests.browser.pictures [--into FOLDER]`. No test: run it when the page has changed.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser

from local.stack import LocalStack, StackOptions
from tests.browser.conftest import FOR_WATCHING, served_document, with_own_kinds
from tests.browser.opening import NARROW, WIDE, chromium, opened
from tests.browser.screens import Furnished, screens
from tests.browser.shown import pictures_shown
from tests.e2e.owner import Owner
from tests.node import ROOT

USER = "alice"
SHOWN = ROOT / "docs" / "images"
# Some of them narrow, as on a telephone.
ALSO_NARROW = ("feed", "review", "own-form", "own-output", "own-review")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, help="a folder for pictures of every screen, to look at")
    given: Path | None = parser.parse_args().into
    into = given or SHOWN
    into.mkdir(parents=True, exist_ok=True)
    with with_own_kinds(StackOptions(parameters=FOR_WATCHING, page=True)) as stack, chromium() as browser:
        account = Furnished(stack, Owner(stack, USER, served_document(stack)))
        account.furnish()
        take(browser, stack, account, into, only=None if given else {Path(name).name for name in pictures_shown()})
        account.owner.close()


def take(browser: Browser, stack: LocalStack, account: Furnished, into: Path, only: set[str] | None) -> None:
    """Take the pictures named in `only`, or all."""
    for scheme in ("light", "dark"):
        for width, viewport in (("", WIDE), ("-narrow", NARROW)):
            with opened(browser, stack, USER, scheme=scheme, viewport=viewport) as tab:
                for name in screens(tab, account):
                    target = into / f"page-{name}{width}-{scheme}.png"
                    if (not width or name in ALSO_NARROW) and (only is None or target.name in only):
                        tab.page.mouse.move(0, 0)
                        tab.page.screenshot(path=target, animations="disabled")
                        print(target)


if __name__ == "__main__":
    main()
