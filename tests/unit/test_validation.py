"""The answer to a bad body says where and why, and never repeats what was sent."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from functions.create.service import Envelope
from shared import kinds
from shared.http.problems import ProblemError
from shared.http.validation import read


@pytest.mark.parametrize(
    ("name", "told"), [("colour", "colour"), ("a name with spaces", "*"), ("x" * 41, "*"), ("käse", "*"), ("", "*")]
)
def test_an_unknown_field_is_told_by_name_only_while_it_looks_like_one(name: str, told: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read(Envelope, {name: "a value that nobody may see"})
    assert refused.value.errors == [
        {"field": told, "code": "extra_forbidden", "message": "Extra inputs are not permitted"}
    ]


UNSEEN = [
    "\u200b",
    "\u00ad\u2060",
    "\ufeff",
    "\u2028\u2029",
    "\u180e",
    "\u3164\u115f\uffa0",
    "\u2800",
    "\ufe0f\u0301",
    "\x00\x07",
    "\u202e",
]


class Anything(BaseModel):
    """A form with texts at any depth and without bounds."""

    text: str = ""
    texts: list[str] = []
    deep: dict[str, Any] = {}


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize(
    ("place", "field"),
    [
        (lambda text: {"text": text}, "text"),
        (lambda text: {"texts": ["seen", text]}, "texts.1"),
        (lambda text: {"deep": {"a": [{"b": text}]}}, "deep.a.0.b"),
    ],
)
def test_a_text_in_which_nothing_is_to_be_seen_is_wrong_wherever_it_stands(
    unseen: str, place: Callable[[str], dict[str, Any]], field: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        read(Anything, place(unseen * 9))
    assert [(error["field"], error["code"]) for error in refused.value.errors or []] == [(field, "blank")]


@pytest.mark.parametrize(
    "seen", ["a", "\u200ba", "\u0e01", "\u0e01\u0e34", "\ufffd", "\U0001f600", "-", "\ue000", "\u200d\u0915\u094d"]
)
def test_a_text_with_something_to_be_seen_is_taken_as_it_is(seen: str) -> None:
    assert read(Anything, {"text": seen, "deep": {"x": seen}}).text == seen


def test_an_empty_text_is_a_matter_of_the_form() -> None:
    assert read(Anything, {"text": ""}).text == ""


@pytest.mark.parametrize("kind", kinds.names())
def test_each_text_of_each_kind_is_refused_by_its_name_where_it_shows_nothing(kind: str) -> None:
    form = kinds.load(kind).input
    texts = [name for name, field in form.model_fields.items() if field.annotation is str]
    assert texts
    for name in texts:
        with pytest.raises(ProblemError) as refused:
            read(form, {name: "\u200b" * 1_500})
        assert name in [error["field"] for error in refused.value.errors or []]


def test_a_body_nested_as_deep_as_json_is_read_is_looked_through() -> None:
    deep: Any = "\u200b"
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(ProblemError) as refused:
        read(Anything, {"deep": {"x": deep}})
    assert refused.value.errors
