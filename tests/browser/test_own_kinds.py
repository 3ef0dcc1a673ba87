"""An own kind's form, output and review are as good as those of our kinds, whatever its fields are called."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from local.stack import LocalStack
from tests.browser import using
from tests.browser.conftest import served_document
from tests.browser.opening import Tab
from tests.browser.screens import TRIP
from tests.e2e.owner import Owner


@pytest.fixture
def owner(stack: LocalStack) -> Iterator[Owner]:
    found = Owner(stack, f"own-{uuid.uuid4()}", served_document(stack))
    yield found
    found.close()


def made(owner: Owner, kind: str, **fields: Any) -> str:
    answer = owner.http.post("/v1/generations", json={"kind": kind, **fields})
    assert answer.status_code == 202, answer.text
    generation_id = str(answer.json()["generation_id"])
    assert owner.wait_for_end(generation_id)["status"] == "succeeded"
    return generation_id


def trip_form(tab: Tab) -> Locator:
    tab.go("")
    tab.page.get_by_role("button", name="Trip", exact=True).click()
    return tab.page.get_by_role("form", name="Trip")


def test_a_form_of_what_is_nested_sends_what_was_typed(owner: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(owner.name)
    page, form = tab.page, trip_form(tab)
    form.get_by_label("Destination").fill("The coast")
    form.get_by_label("First day").fill("2027-05-14")
    form.get_by_label("Name", exact=True).fill("Ada")
    form.get_by_label("Diet").select_option("vegan")
    form.get_by_role("button", name="Add to Travellers").click()
    second = form.get_by_role("group", name="Travellers 2")
    expect(second.get_by_label("Name")).to_be_focused()
    second.get_by_label("Name").fill("Bo")
    second.get_by_label("Age").fill("7")
    form.get_by_role("button", name="Add to Travellers").click()
    form.get_by_role("button", name="Remove Travellers 3").click()
    form.get_by_label("Form of Stay").select_option("Tent")
    form.get_by_label("Site").fill("Behind the dunes")
    form.locator("summary").click()
    form.get_by_label("Interests").fill("lighthouses\n\nsea birds")
    form.get_by_label("Budget").fill("120.50")
    form.get_by_role("button", name="Add Start").click()
    form.get_by_label("Street").fill("Quay 1")
    form.get_by_label("City").fill("Brest")
    form.get_by_label("Leaves at").fill("2027-05-14T08:30")
    form.get_by_label("Wake at").fill("07:15")
    form.get_by_label("Quiet").select_option("Yes")
    form.get_by_label("Most hours").fill('{"Monday": 3}')
    form.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/#/generations/*")
    sent = owner.http.get(f"/v1/generations/{page.url.rpartition('/')[2]}/input").json()["input"]
    assert sent == {
        "destination": "The coast",
        "starts_on": "2027-05-14",
        "travellers": [{"name": "Ada", "age": None, "diet": "vegan"}, {"name": "Bo", "age": 7, "diet": "anything"}],
        "stay": {"form": "tent", "site": "Behind the dunes", "has_power": False},
        "interests": ["lighthouses", "sea birds"],
        "days": 3,
        "pace": "steady",
        "budget": "120.50",
        "start": {"address": {"street": "Quay 1", "city": "Brest"}, "leaves_at": "2027-05-14T08:30:00Z"},
        "wake_at": "07:15:00",
        "quiet": True,
        "most_hours": {"Monday": 3},
    }
    using.wait_for_status(tab, "succeeded")


def test_what_is_wrong_is_said_at_its_field_by_the_page_and_by_the_service(
    owner: Owner, open_page: Callable[..., Tab]
) -> None:
    tab = open_page(owner.name)
    page, form = tab.page, trip_form(tab)
    form.get_by_role("button", name="Fill in an example").click()
    form.locator("summary").click()
    form.get_by_label("Age").fill("200")
    form.get_by_label("Most hours").fill("{")
    form.get_by_role("button", name="Generate").click()
    expect(form.get_by_label("Age")).to_be_focused()
    expect(form.get_by_label("Age")).to_have_accessible_description("At most 120.")
    expect(form.get_by_label("Most hours")).to_have_accessible_description(re.compile("Enter valid JSON"))
    form.get_by_label("Age").fill("20")
    form.get_by_label("Most hours").fill('{"Monday": "long"}')
    form.get_by_label("Session").fill("")
    page.route("**/v1/generations", spoiling)
    form.get_by_role("button", name="Generate").click()
    expect(form.get_by_label("Name", exact=True)).to_have_accessible_description(re.compile("at most 60 characters"))
    expect(form.get_by_label("Name", exact=True)).to_be_focused()
    expect(form.get_by_label("Most hours")).to_have_accessible_description(re.compile("Monday: .*integer"))
    assert all("400" in said for said in tab.complaints)
    tab.complaints.clear()  # the browser's own words for the answer that this test is about


def spoiling(route: Route) -> None:
    """Send a longer name than the page would allow: the service's own words must appear."""
    if route.request.method != "POST":
        return route.fallback()
    body = json.loads(route.request.post_data or "")
    body["travellers"][0]["name"] = "A" * 61
    return route.continue_(post_data=json.dumps(body))


def test_an_output_is_shown_by_its_schema(owner: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(owner.name)
    tab.go(f"generations/{made(owner, 'trip', **TRIP)}")
    result = tab.page.get_by_role("region", name="Result", exact=True)
    expect(result.get_by_role("heading", name="What to pack")).to_be_visible()
    expect(result.get_by_role("columnheader", name="Price in euros")).to_be_visible()
    expect(result.get_by_text("14 May 2027")).to_be_visible()
    expect(result.get_by_role("cell", name="Harbour of the old town").first).to_be_visible()
    expect(result.get_by_text("https://example.com/coast?from=unstuck")).to_be_visible()
    expect(result.get_by_role("link")).to_have_count(0)
    tab.page.get_by_text("Input", exact=True).click()
    expect(tab.page.get_by_text("Behind the dunes")).to_be_visible()


def test_a_field_is_what_its_kind_says_whatever_it_is_called(owner: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(owner.name)
    tab.go(f"generations/{made(owner, 'shelf', books=7)}")
    result = tab.page.get_by_role("region", name="Result", exact=True)
    for shown in ("The coast", "a woodcut of a fox", "Read the second one first."):
        expect(result.get_by_text(shown, exact=True)).to_be_visible()
    expect(tab.page.get_by_role("link", name=re.compile("Review the"))).to_have_count(0)


def test_a_part_that_cannot_be_drawn_takes_no_other_with_it(owner: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(owner.name)
    generation_id = made(owner, "shelf")

    def without_usage(route: Route) -> None:
        if route.request.method != "GET":
            return route.continue_()
        found = route.fetch()
        headers = {name: value for name, value in found.headers.items() if name not in ("content-length", "etag")}
        return route.fulfill(status=200, headers=headers, body=json.dumps({**found.json(), "usage": None}))

    tab.page.route(f"**/v1/generations/{generation_id}", without_usage)
    tab.go(f"generations/{generation_id}")
    expect(tab.page.get_by_text("This page cannot show the figures")).to_be_visible()
    expect(tab.page.get_by_text("a woodcut of a fox")).to_be_visible()
    expect(tab.page.get_by_role("heading", name="Timeline")).to_be_visible()
    tab.complaints.clear()  # React names what was thrown, which is what this test is about


def test_each_item_is_reviewed_with_all_its_fields(owner: Owner, open_page: Callable[..., Tab]) -> None:
    tab = open_page(owner.name)
    generation_id = made(owner, "quiz", topic="The cell")
    tab.go(f"generations/{generation_id}")
    tab.page.get_by_role("link", name="Review the questions").click()
    item = tab.page.locator("[data-number='1']")
    for shown in ("The mitochondria", "Place of the answer", "Life, seen closely", "1 March 2027"):
        expect(item.get_by_text(shown)).to_be_visible()
    tab.page.get_by_role("button", name="Edit 1").click()
    item.get_by_label("Place of the answer").fill("3")
    item.get_by_role("button", name="Save and accept").click()
    expect(item.get_by_text("answer is the place of an option")).to_be_visible()
    expect(item.get_by_label("Place of the answer")).to_have_value("3")
    expect(item.get_by_text("proposed")).to_be_visible()
    item.get_by_label("Place of the answer").fill("0")
    item.get_by_label("Options").fill("The nucleus\nThe wall")
    item.get_by_label("Level").select_option("hard")
    item.get_by_label("Page").fill("0")
    item.get_by_role("button", name="Save and accept").click()
    expect(item.get_by_label("Page")).to_have_accessible_description("At least 1.")
    item.get_by_label("Page").fill("43")
    item.get_by_label("Checked on").fill("2027-04-02")
    item.get_by_role("button", name="Save and accept").click()
    expect(item.get_by_text("accepted", exact=True)).to_be_visible()
    expect(item.get_by_text("2 April 2027")).to_be_visible()
    [card] = owner.http.get("/v1/cards").json()["cards"]
    told = {name: card[name] for name in ("kind", "question", "options", "answer", "level", "source", "checked_on")}
    assert told == {
        "kind": "quiz",
        "question": "Which part of a cell makes most of its energy?",
        "options": ["The nucleus", "The wall"],
        "answer": 0,
        "level": "hard",
        "source": {"book": "Life, seen closely", "page": 43},
        "checked_on": "2027-04-02",
    }
    tab.go("cards")
    expect(tab.page.locator("[data-card]").get_by_text("The wall")).to_be_visible()
    assert all("400" in said for said in tab.complaints)
    tab.complaints.clear()  # the browser's own words for the answer that this test is about
