"""The TypeScript client as a browser takes it: its built modules by an import map, no bundler and no React."""

import mimetypes
import uuid

from playwright.sync_api import Browser, Route

from local.emulator import PROJECT
from local.stack import LocalStack
from tests.e2e.owner import own_text

CLIENT = PROJECT / "clients" / "typescript"
CARDS = """async ([baseUrl, token, text]) => {
  const map = document.createElement("script");
  map.type = "importmap";
  map.textContent = JSON.stringify({imports: {"unstuck-client": "/plain/dist/index.js"}});
  document.head.append(map);
  const { createClient } = await import("unstuck-client");
  const client = createClient({ baseUrl, token });
  const done = await client.createAndWait({ kind: "flashcards", source_text: text });
  return [done.status, done.output?.suggestions.length];
}"""


def serve(route: Route) -> None:
    """Answer what is below /plain out of the client's folder."""
    file = CLIENT / route.request.url.partition("/plain/")[2]
    kind = "text/javascript" if file.suffix == ".mjs" else mimetypes.guess_type(file.name)[0]
    route.fulfill(body=file.read_bytes(), content_type=kind or "text/javascript")


def test_a_page_without_bundler_and_react_gets_its_cards(stack: LocalStack, browser: Browser) -> None:
    # The document is one that the page's server really sent: what a test fulfills itself may not call loopback. Its own
    # policy would forbid the import map.
    context = browser.new_context(bypass_csp=True)
    try:
        page = context.new_page()
        page.route("**/plain/**", serve)
        page.goto(stack.page_url)
        given = [stack.api_url, stack.token(f"plain-{uuid.uuid4()}"), own_text()]
        status, count = page.evaluate(CARDS, given)
    finally:
        context.close()
    assert status == "succeeded"
    assert count > 0
