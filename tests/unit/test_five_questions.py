"""Five people's questions are answered by a page each, which real links reach from the README in two clicks at most."""

import pytest

from tests import clicks
from tests.unit.test_docs import read

MOST_CLICKS = 2


@pytest.fixture(scope="module")
def known() -> dict[str, int]:
    return dict(clicks.clicks())


def test_each_question_has_its_page_and_anchor_within_two_clicks(known: dict[str, int]) -> None:
    far = {
        question: (page, known.get(page))
        for question, page, anchor in clicks.answers()
        if known.get(page, MOST_CLICKS + 1) > MOST_CLICKS or not clicks.has_anchor(page, anchor)
    }
    assert far == {}


def test_a_reader_of_the_readme_learns_what_it_is_without_a_click() -> None:
    assert read("README.md").startswith("# Unstuck\n\nUnstuck is a ")


@pytest.mark.parametrize(
    ("page", "most"), [("docs/auth.md", 1), ("docs/errors.md", 1), ("docs/adding-a-kind.md", 1), ("CONTRIBUTING.md", 1)]
)
def test_the_pages_that_most_people_need_are_one_click_away(known: dict[str, int], page: str, most: int) -> None:
    assert known[page] <= most


def test_the_questions_are_those_of_every_alarm_code_and_thing_that_can_be_added() -> None:
    asked = [question for question, *_ in clicks.answers()]
    assert len(asked) == len(set(asked))
    assert "My generation failed with crash_loop." in asked
    assert "BeyondBoundAlarm rings." in asked
    assert {"route", "alarm", "parameter"} <= set(clicks.things_to_add())


def test_the_walk_follows_real_links_and_knows_which_headings_there_are() -> None:
    assert "docs/errors.md" in set(clicks.linked("README.md"))
    assert "README.md" in set(clicks.linked("docs/adding-a-kind.md"))
    assert not clicks.has_anchor("docs/auth.md", "no-such-heading")
