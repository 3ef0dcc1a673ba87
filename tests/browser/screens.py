"""Every screen of the page with content, for tests that look at all of them.

Owns the list of the screens and what each must have. The caller decides what to check.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import expect

from local.stack import LocalStack
from tests.browser import using
from tests.browser.opening import Tab
from tests.e2e.owner import Owner

PREMISE = "A lighthouse keeper named Mara finds a bottle with a map that shows her own island."
TRIP: dict[str, Any] = {
    "destination": "The coast of Brittany",
    "starts_on": "2027-05-14",
    "travellers": [{"name": "Ada", "age": 36, "diet": "vegetarian"}],
    "stay": {"form": "tent", "site": "Behind the dunes", "has_power": True},
    "days": 2,
}


@dataclass
class Furnished:
    """One user's account with a generation of each kind, of each end, and one that runs while it is looked at."""

    stack: LocalStack
    owner: Owner
    made: dict[str, str] = field(default_factory=dict)

    def furnish(self) -> None:
        lesson = {"session_id": "biology-1"}
        self.made["flashcards"] = self.owner.submit("local/stream:1", **lesson)
        self.made["second"] = self.owner.submit("local/stream:2", **lesson)
        self.made["failed"] = self.owner.submit("local/refuse", **lesson)
        self.made["story"] = self._submit(kind="story", premise=PREMISE, chapters=3)
        self.made["image"] = self._submit(kind="image", prompt="A lighthouse in the evening", count=2)
        self.made["assistant"] = self._submit(
            kind="assistant", sentence="I want to run a marathon in October and have never run more than 5 km."
        )
        self.made["quiz"] = self._submit(kind="quiz", topic="The cell")
        self.made["trip"] = self._submit(kind="trip", **TRIP)
        self.made["canceled"] = self.owner.submit("local/hang")
        for name, generation_id in self.made.items():
            if name == "canceled":
                self.owner.cancel(generation_id)
            self.owner.wait_for_end(generation_id)
        self._review()

    def _submit(self, **body: object) -> str:
        answer = self.owner.http.post("/v1/generations", json=body)
        assert answer.status_code == 202, answer.text
        self.owner.generations.append(str(answer.json()["generation_id"]))
        return self.owner.generations[-1]

    def _review(self) -> None:
        decisions = [{"number": number, "decision": "accepted"} for number in range(1, 6)]
        answer = self.owner.http.post(
            f"/v1/generations/{self.made['flashcards']}/suggestions",
            json={"decisions": [*decisions, {"number": 6, "decision": "rejected"}]},
        )
        assert answer.status_code == 200, answer.text

    def running(self) -> str:
        """Return a generation that runs for as long as a screen is looked at."""
        now = self.made.get("running")
        if now is None or self.owner.look(now)["status"] != "running":
            now = self.made["running"] = self.owner.submit("local/stream:60")
            self.owner.wait_for(now, lambda found: found["status"] == "running" and found["progress"] > 0)
        return now


def screens(tab: Tab, account: Furnished) -> Iterator[str]:
    """Visit one screen after the other; each has all of its content when its name is yielded."""
    for name in _visits(tab, account):
        expect(tab.page.get_by_text("Loading")).to_have_count(0)
        yield name


def _visits(tab: Tab, account: Furnished) -> Iterator[str]:
    page, made = tab.page, account.made
    tab.go("")
    expect(page.get_by_role("form", name="Flashcards")).to_be_visible()
    page.get_by_role("button", name="Fill in an example").click()
    page.locator("form summary").click()
    yield "playground"
    page.get_by_role("button", name="Generate").click(trial=True)
    yield from _own_kinds(tab, made)
    tab.go("feed")
    expect(using.rows(tab).nth(5)).to_be_visible()
    yield "feed"
    for kind, shown in (("flashcards", "Review the cards"), ("story", "Mara"), ("assistant", "marathon")):
        tab.go(f"generations/{made[kind]}")
        using.wait_for_status(tab, "succeeded")
        expect(page.get_by_text(shown).first).to_be_visible()
        yield f"generation-{kind}"
    tab.go(f"generations/{made['image']}")
    picture = page.locator("main img").first
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0, "the policy let no picture in"
    yield "generation-image"
    tab.go(f"generations/{made['failed']}")
    using.wait_for_status(tab, "failed")
    yield "generation-failed"
    tab.go(f"generations/{account.running()}")
    using.wait_for_status(tab, "running")
    yield "generation-running"
    tab.go(f"generations/{made['flashcards']}/review")
    expect(page.get_by_text("6 of ")).to_be_visible()
    yield "review"
    tab.go("cards")
    expect(page.get_by_role("link", name="Its generation").first).to_be_visible()
    yield "cards"
    tab.go("usage")
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    expect(page.locator("main svg").first).to_be_visible()
    yield "usage"
    yield from _a_rescue(tab, account)


def _own_kinds(tab: Tab, made: dict[str, str]) -> Iterator[str]:
    page = tab.page
    page.get_by_role("button", name="Trip", exact=True).click()
    form = page.get_by_role("form", name="Trip")
    form.get_by_role("button", name="Fill in an example").click()
    form.get_by_role("button", name="Add to Travellers").click()
    form.locator("form > details > summary, summary").first.click()
    form.get_by_role("button", name="Add Start").click()
    form.get_by_role("button", name="Generate").click()
    expect(form.get_by_text("This field is required.").first).to_be_visible()
    yield "own-form"
    tab.go(f"generations/{made['trip']}")
    expect(page.get_by_role("heading", name="What to pack")).to_be_visible()
    yield "own-output"
    tab.go(f"generations/{made['quiz']}/review")
    page.get_by_role("button", name="Edit 1").click()
    expect(page.get_by_role("spinbutton", name="Page").or_(page.get_by_label("Page"))).to_be_visible()
    yield "own-review"


def _a_rescue(tab: Tab, account: Furnished) -> Iterator[str]:
    page, state = tab.page, tab.page.get_by_label("State")
    victim = account.owner.submit("local/stream:10")
    tab.go(f"faults/{victim}")
    using.wait_for_status(tab, "running")
    expect(page.get_by_role("heading", name="Worker processes")).to_be_visible()
    yield "faults"
    page.get_by_role("button", name="Kill its worker").click()
    expect(state.locator("[data-stuck]")).to_be_visible()
    yield "faults-stuck"
    expect(state.locator("[data-rescued]")).to_be_visible()
    account.stack.hurry(victim)
    using.wait_for_status(tab, "succeeded")
    yield "faults-rescued"
