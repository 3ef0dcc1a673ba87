"""Three applications with nothing but the packed client and docs/clients.md, built for production and opened."""

import json
import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from local.stack import LocalStack
from tests.browser.applications import Application, contents, packed, with_client
from tests.browser.opening import PATIENCE_MS
from tests.node import MISSING, NPM, ROOT, npm

pytestmark = [pytest.mark.skipif(NPM is None, reason=MISSING), pytest.mark.timeout(600)]
NEED = "not installed: `make test` does that"


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("packed") / "client")


def page_of(browser: Browser, application: Application) -> str:
    """Open an application, create a story, and return the list's text. The console stays silent."""
    complaints: list[str] = []
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{application.origin}/")
        page.get_by_role("button", name="Tell a story").click()
        expect(page.get_by_role("listitem")).to_have_text("succeeded 100 %", timeout=PATIENCE_MS)
        assert [said for said in complaints if "favicon" not in said and "404" not in said] == []
        return page.get_by_role("listitem").inner_text()
    finally:
        context.close()


def addresses(stack: LocalStack) -> tuple[str, str]:
    return stack.api_url, f"{stack.issuer_url}/token?sub=fresh-{uuid.uuid4()}"


@pytest.mark.skipif(not (ROOT / "examples/vite/node_modules/.installed").exists(), reason=NEED)
def test_a_vite_application_of_the_oldest_peers_tells_a_story(
    stack: LocalStack, browser: Browser, applications: dict[str, Application], tarball: Path, tmp_path: Path
) -> None:
    place = with_client("vite", tarball, tmp_path / "app")
    api, token = addresses(stack)
    npm(str(place), "run", "build", VITE_API_URL=api, VITE_TOKEN_URL=token)
    applications["vite"].folder = place / "dist"
    assert page_of(browser, applications["vite"]) == "succeeded 100 %"


@pytest.mark.skipif(not (ROOT / "examples/next/node_modules/.installed").exists(), reason=NEED)
def test_a_next_application_with_the_app_router_tells_a_story(
    stack: LocalStack, browser: Browser, applications: dict[str, Application], tarball: Path, tmp_path: Path
) -> None:
    place = with_client("next", tarball, tmp_path / "app")
    api, token = addresses(stack)
    build = ("run", "build")
    npm(str(place), *build, NEXT_PUBLIC_API_URL=api, NEXT_PUBLIC_TOKEN_URL=token, NEXT_TELEMETRY_DISABLED="1")
    applications["next"].folder = place / "out"
    assert page_of(browser, applications["next"]) == "succeeded 100 %"


def test_the_page_of_ten_lines_with_which_the_docs_begin_works(
    stack: LocalStack, browser: Browser, applications: dict[str, Application], tarball: Path, tmp_path: Path
) -> None:
    found = re.search(r"```html\n(.*?)```", (ROOT / "docs/clients.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    api, token = addresses(stack)
    given, times = re.subn(r"http://127\.0\.0\.1:\d+(?=/token)[^\"]*", token, found.group(1))
    given, more = re.subn(r'(?<=baseUrl: ")[^"]+', lambda _: api, given)
    assert (times, more) == (1, 1)
    place = with_client(None, tarball, tmp_path / "app")
    (place / "index.html").write_text(given, encoding="utf-8")
    applications["plain"].folder = place
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{applications['plain'].origin}/")
        expect(page.locator("body")).to_contain_text(re.compile(r"\w{3}"), timeout=PATIENCE_MS)
        expect(page).to_have_title("100 %")
    finally:
        context.close()


def test_the_packed_client_resolves_as_a_published_package_does(tarball: Path) -> None:
    target = ROOT / "clients" / "typescript" / tarball.name
    target.write_bytes(tarball.read_bytes())
    npm("clients/typescript", "run", "test:packed")


def test_the_packed_client_brings_no_peer_and_says_where_it_runs(tarball: Path) -> None:
    files = contents(tarball)
    package = json.loads(files["package.json"])
    assert set(package["peerDependencies"]) == {"react", "@tanstack/react-query"}
    assert "dependencies" not in package
    assert not [name for name in files if "node_modules" in name or name.startswith(("src/", "tests/"))]
    first = re.sub(r"^(//.*\n|/\*.*?\*/\s*)*", "", files["dist/react/index.js"].decode(), flags=re.DOTALL)
    assert first.startswith('"use client";')
