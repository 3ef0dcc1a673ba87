"""The content of the local model server: readable cards from prose, some card from anything, any schema filled."""

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from local.model_server.flashcards import Card, make_cards
from local.model_server.schema_fill import fill
from local.model_server.sentences import split_sentences

BIOLOGY = (Path(__file__).parents[2] / "examples" / "biology.txt").read_text(encoding="utf-8")
GERMAN = (
    "Die Zelle ist die kleinste lebende Einheit aller Organismen. Im Jahr 1665 sah Robert Hooke sie zuerst in Kork. "
    "Das Chlorophyll in den Blättern nimmt vor allem rotes und blaues Licht auf, z. B. am Mittag. "
)
CHINESE = "细胞是生命的基本单位。光合作用发生在叶绿体中！线粒体释放能量。酶能加快化学反应的速度。"  # noqa: RUF001 (meant)


class Suggestion(BaseModel):
    front: str = Field(min_length=1, max_length=200)
    back: str = Field(min_length=1, max_length=500)


class Suggestions(BaseModel):
    suggestions: list[Suggestion] = Field(min_length=1, max_length=30)


def check(cards: list[Card]) -> None:
    for card in cards:
        Suggestion(front=card.front, back=card.back)
        assert card.front.strip()
        assert card.back.strip()
    assert len({card.front for card in cards}) == len(cards)


def test_the_example_text_makes_the_cards_a_teacher_would_make() -> None:
    cards = {card.front: card.back for card in make_cards(BIOLOGY)}
    assert 8 <= len(cards) <= 20
    assert cards["What does ATP stand for?"] == "Adenosine triphosphate."
    assert cards["What does a nucleotide consist of?"] == "A sugar, a phosphate group and one of four bases."
    assert cards["What is the part of an enzyme that binds the substrate called?"] == "The active site."
    assert cards["High temperatures denature most enzymes. Why?"].startswith("Because heat breaks the weak bonds")
    assert cards["What are enzymes?"] == "Proteins that speed up chemical reactions without being used up."


def test_the_same_text_makes_the_same_cards_in_the_order_of_the_text() -> None:
    cards = make_cards(BIOLOGY)
    assert cards == make_cards(BIOLOGY)
    assert cards[0].front == "What is the cell?"


@pytest.mark.parametrize(
    ("sentence", "front", "back"),
    [
        (
            "The electron transport chain pumps protons across the membrane.",
            "What does the electron transport chain do?",
            "It pumps protons across the membrane.",
        ),
        (
            "Catalase, an enzyme of liver cells, breaks down peroxide.",
            "What does catalase break down?",
            "Peroxide.",
        ),
        ("World Bank (WB) lends money to poor states.", "What does WB stand for?", "World Bank."),
        (
            "Marie Curie received the prize in 1903.",
            "Which year is missing? Marie Curie received the prize in ____.",
            "1903",
        ),
        ("Water is made of hydrogen and oxygen.", "What is water made of?", "Hydrogen and oxygen."),
        ("Fusion occurs in the core of the Sun.", "Where does fusion occur?", "In the core of the Sun."),
    ],
)
def test_a_sentence_becomes_its_question(sentence: str, front: str, back: str) -> None:
    text = f"{sentence} The rest of the text is in the book and of no use to a reader."
    assert Card(front, back) in make_cards(text, at_least=5)


@pytest.mark.parametrize(
    "text",
    [
        GERMAN * 5,
        CHINESE * 25,
        "и ж д ш ю. " * 100,
        "x" * 1000,
        "!?" * 500,
        "lorem " * 170,
        "🙂" * 1000,
        "word\n" * 200,
        '{"a": [1, 2]}\n' * 75,
    ],
)
def test_a_thousand_characters_of_anything_make_three_cards(text: str) -> None:
    assert len(text) >= 1000
    cards = make_cards(text)
    assert len(cards) >= 3
    check(cards)


@given(text=st.text(max_size=400), least=st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_limits_of_a_card(text: str, least: int) -> None:
    cards = make_cards(text, least)
    assert len(cards) >= max(3, least)
    check(cards)


def test_a_gap_card_shows_the_sentence_without_the_word_asked_for() -> None:
    (card, *_) = make_cards(GERMAN * 5)
    assert "____" in card.front
    assert card.front.replace("____", card.back) in GERMAN


def test_sentences_end_where_a_reader_would_end_them() -> None:
    text = (
        "A heading\n\nDr. Who, i.e. the doctor,\nwaits. It is 3.5 m high! Is it? 是的。不是。\n"
        "- One point\n- Two points, too."
    )
    assert split_sentences(text) == [
        "Dr. Who, i.e. the doctor, waits.",
        "It is 3.5 m high!",
        "Is it?",
        "是的。",
        "不是。",
        "Two points, too.",
    ]


def test_the_cards_follow_the_kinds_own_schema_with_its_references() -> None:
    filled = fill(Suggestions.model_json_schema(), BIOLOGY)
    assert len(Suggestions.model_validate(filled).suggestions) >= 8


def test_the_limits_of_the_schema_win_over_the_usual_number_of_cards() -> None:
    schema = Suggestions.model_json_schema()
    schema["properties"]["suggestions"] |= {"minItems": 25, "maxItems": 25}
    assert len(fill(schema, "Too short.")["suggestions"]) == 25


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"title": {"type": "string", "minLength": 5, "maxLength": 12}}},
        {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "integer", "minimum": 3, "multipleOf": 5}},
        {"type": "array", "maxItems": 0, "items": {"type": "string"}},
        {"enum": ["b", "a"]},
        {"const": 7},
        {"type": ["string", "null"], "maxLength": 3},
        {"anyOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}]},
        {"type": "number", "maximum": -2},
        {"type": "integer", "exclusiveMaximum": 0},
        {"allOf": [{"type": "object", "properties": {"a": {"type": "boolean"}}}], "required": ["a"]},
        {"type": "string", "format": "date", "minLength": 10},
        {
            "$ref": "#/$defs/node",
            "$defs": {
                "node": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    },
                    "required": ["name", "next", "children"],
                    "additionalProperties": False,
                }
            },
        },
    ],
)
def test_a_schema_of_any_later_kind_is_filled_to_fit(schema: dict[str, Any]) -> None:
    filled = fill(schema, BIOLOGY)
    jsonschema.validate(filled, schema)
    assert schema.get("properties") is None or filled
