"""Takes the pictures of docs/images: `python -m tests.browser.pictures`. No test: run it when the page has changed."""

import argparse
from pathlib import Path

from playwright.sync_api import Browser

from local.stack import LocalStack, StackOptions
from tests.browser.conftest import FOR_WATCHING
from tests.browser.opening import NARROW, WIDE, chromium, opened
from tests.browser.screens import Furnished, screens
from tests.e2e.owner import Owner
from tests.node import ROOT

USER = "alice"
# Two of them narrow, as on a telephone.
ALSO_NARROW = ("feed", "review")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images", help="the directory for the pictures")
    into: Path = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    with LocalStack(StackOptions(parameters=FOR_WATCHING, page=True)) as stack, chromium() as browser:
        account = Furnished(stack, Owner(stack, USER))
        account.furnish()
        take_all(browser, stack, account, into)
        account.owner.close()


def take_all(browser: Browser, stack: LocalStack, account: Furnished, into: Path) -> None:
    for scheme in ("light", "dark"):
        for width, viewport in (("", WIDE), ("-narrow", NARROW)):
            with opened(browser, stack, USER, scheme=scheme, viewport=viewport) as tab:
                for name in screens(tab, account):
                    if not width or name in ALSO_NARROW:
                        target = into / f"page-{name}{width}-{scheme}.png"
                        tab.page.mouse.move(0, 0)
                        tab.page.screenshot(path=target, animations="disabled")
                        print(target)


if __name__ == "__main__":
    main()
