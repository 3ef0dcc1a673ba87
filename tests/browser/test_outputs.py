"""Outputs of any form on the page: by the view of the kind, else by the form of the values; the page is never blank."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.opening import Tab
from tests.e2e.owner import Owner

QUIZ = {
    "title": "Cells",
    "suggestions": {"more": "Read on."},
    "chapters": "None yet.",
    "images": [1, 2],
    "result": [{"question": "What is it?", "options": ["A", "B"]}, {"question": "Why?", "options": []}],
}


def show(tab: Tab, generation_id: str, kind: str, output: Any) -> None:
    """Open a generation as if the service had made it of this kind, with this output."""

    def answer(route: Route) -> None:
        if route.request.method != "GET":
            return route.continue_()
        found = route.fetch()
        body = {**found.json(), "kind": kind, "output": output}
        headers = {name: value for name, value in found.headers.items() if name not in ("content-length", "etag")}
        return route.fulfill(status=200, headers=headers, body=json.dumps(body))

    tab.page.route(f"**/v1/generations/{generation_id}", answer)
    tab.go(f"generations/{generation_id}")


def made(alice: Owner) -> str:
    generation_id = alice.submit()
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
    return generation_id


def test_a_kind_without_a_view_is_shown_by_the_form_of_its_values(alice: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(alice.name)
    show(tab, made(alice), "quiz", QUIZ)
    result = tab.page.get_by_role("region", name="Result")
    for name in ("Suggestions", "Images", "Result"):
        expect(result.get_by_role("heading", name=name, exact=True).first).to_be_visible()
    for name in ("Title", "Chapters"):
        expect(result.get_by_role("term").get_by_text(name, exact=True)).to_be_visible()
    expect(result.get_by_role("columnheader", name="Question")).to_be_visible()
    expect(result.get_by_role("cell", name="A, B")).to_be_visible()
    expect(tab.page.get_by_role("link", name="Review the cards")).to_have_count(0)


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("story", {"title": "A title", "chapters": None}),
        ("image", {"images": {"not": "a list"}, "title": "A title"}),
        ("assistant", {"title": "A title"}),
        ("flashcards", {"suggestions": [None], "title": "A title"}),
    ],
)
def test_an_output_that_its_view_cannot_draw_is_shown_by_its_form_and_the_rest_of_the_page_stays(
    alice: Owner, open_page: Callable[..., Tab], kind: str, output: Any
) -> None:
    tab = open_page(alice.name)
    show(tab, made(alice), kind, output)
    expect(tab.page.get_by_role("region", name="Result").get_by_text("A title", exact=True)).to_be_visible()
    expect(tab.page.get_by_label("State")).to_be_visible()
    expect(tab.page.get_by_role("heading", name="Timeline")).to_be_visible()
    tab.complaints.clear()  # React names what was thrown, which is what this test is about
