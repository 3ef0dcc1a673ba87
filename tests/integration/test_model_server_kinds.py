"""The local model server's answers to the kinds' own calls: content that a person understands, in any bounds."""

import json
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from functions.process import conversation
from local.model_server import ModelServer, assistance, stories
from local.model_server.conversation import read_conversation
from local.model_server.schema_fill import fill
from shared import kinds
from shared.kinds.contract import Prompt
from shared.kinds.values import from_json
from tests.kinds_of_types import MATRIX, kind_of
from trial.scripted import ScriptedContext, run

PREMISE = "A lighthouse keeper named Mara finds a bottle with a map that shows her own island."
GOAL = "I want to run a marathon in under 4 hours by next summer."
ORDER = "Today I have to call the doctor, file my taxes, water the plants and answer the boss now."


def body(prompt: Prompt, form: type[BaseModel], model: str = "local/cards") -> dict[str, Any]:
    """Return a call as the worker would send it, not streamed."""
    return {
        "model": model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in conversation.of(prompt)],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": prompt.schema_name, "strict": True, "schema": form.model_json_schema()},
        },
    }


class Asking(ScriptedContext):
    """A kind's context whose model is the local one, asked as on the wire."""

    def call[R: BaseModel](self, prompt: Prompt, result: type[R]) -> R:
        self.answer = lambda asked: said_to(asked, result)
        return super().call(prompt, result)


def said_to(prompt: Prompt, form: type[BaseModel]) -> dict[str, Any]:
    heard = read_conversation(json.dumps(body(prompt, form)).encode())
    answer: dict[str, Any] = fill(form.model_json_schema(), heard.source_text, heard.said)
    return answer


def made(kind: str, **content: Any) -> dict[str, Any]:
    return run(kinds.load(kind), Asking(lambda _: {}), **content).model_dump()


def test_a_story_is_told_of_the_premises_own_people_and_things() -> None:
    story = made("story", premise=PREMISE, chapters=3)
    assert "Mara" in story["title"]
    first, _, last = story["chapters"]
    assert first["heading"] == "How it began"
    assert last["heading"] == "Home again"
    for chapter in story["chapters"]:
        assert "Mara" in chapter["text"]
        assert "the bottle" in chapter["text"]
        assert 2_000 < len(chapter["text"]) < 4_000, "a page, as a real model's"
        assert "{" not in chapter["text"]
    assert PREMISE in first["text"]
    assert last["text"].startswith("It was as it had been left: ")


@pytest.mark.parametrize("chapters", range(1, 9))
def test_an_outline_has_as_many_chapters_as_are_asked_for_and_no_two_are_the_same(chapters: int) -> None:
    story = made("story", premise=PREMISE, chapters=chapters)
    assert len({chapter["text"] for chapter in story["chapters"]}) == chapters


@pytest.mark.parametrize(
    ("sentence", "intent"),
    [
        (GOAL, "smart_goal"),
        ("I'd like to learn Spanish", "smart_goal"),
        (ORDER, "prioritization"),
        ("Prioritize: buy milk, read a novel", "prioritization"),
        ("hello", "unknown"),
        ("What a lovely day it is.", "unknown"),
    ],
)
def test_the_intent_is_found_by_plain_words(sentence: str, intent: str) -> None:
    assert made("assistant", sentence=sentence)["result"]["intent"] == intent


def test_a_goal_keeps_the_figure_and_the_date_of_its_sentence() -> None:
    goal = made("assistant", sentence=GOAL)["result"]
    assert goal["goal"] == "I will run a marathon in under 4 hours by next summer."
    assert goal["measurable"] == "The measure is 4 hours."
    assert goal["time_bound"].startswith("By next summer")


def test_tasks_are_split_and_weighed_by_their_words() -> None:
    items = made("assistant", sentence=ORDER)["result"]["items"]
    assert [(item["task"], item["quadrant"]) for item in items] == [
        ("Answer the boss now", "do"),
        ("Call the doctor", "schedule"),
        ("File my taxes", "schedule"),
        ("Water the plants", "drop"),
    ]


def test_fewer_cards_still_come_from_the_whole_of_the_text() -> None:
    text = " ".join(f"Number {number} is the {number}th of the numbers that are counted here." for number in range(40))
    fronts = [card["front"] for card in made("flashcards", source_text=text, count=3)["suggestions"]]
    assert len(fronts) == 3
    assert any(str(number) in fronts[-1] for number in range(20, 40)), fronts


@settings(max_examples=100, deadline=None)
@given(premise=st.text(min_size=20, max_size=2_000), chapters=st.integers(1, 8))
def test_no_premise_breaks_the_story(premise: str, chapters: int) -> None:
    title, lines = stories.outline_of(premise, chapters)
    assert title
    assert len(lines) == chapters
    for number, line in enumerate(lines, 1):
        heading, text = stories.chapter_of(premise, f"{number}. {line}", premise)
        assert heading
        assert text


@settings(max_examples=100, deadline=None)
@given(sentence=st.text(min_size=1, max_size=1_000))
def test_no_sentence_breaks_an_answer(sentence: str) -> None:
    intent, reason = assistance.intent_of(sentence)
    assert intent in ("smart_goal", "prioritization", "unknown")
    assert reason
    assert assistance.order_of(sentence)
    assert all(assistance.goal_of(sentence).values())


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"title": {"type": "integer"}, "chapters": {"type": "array", "items": {"type": "boolean"}}}},
        {"properties": {"title": {"maxLength": 3}, "chapters": {"type": "array", "minItems": 9, "items": {}}}},
        {"properties": {"heading": {"type": "string", "minLength": 200}, "text": {"type": "string", "maxLength": 10}}},
        {"properties": {"intent": {"enum": ["other"]}, "reason": {"type": "null"}}},
        {"properties": {"intent": {"type": "string"}, "items": {"type": "array", "maxItems": 1, "items": {}}}},
    ],
    ids=str,
)
def test_a_form_of_other_bounds_under_the_same_names_is_filled_as_it_asks(schema: dict[str, Any]) -> None:
    schema = {"type": "object", "required": list(schema["properties"]), **schema}
    jsonschema.validate(fill(schema, ORDER, {"premise": PREMISE, "chapter": "1. A: b", "sentence": ORDER}), schema)


def test_at_a_pace_the_answer_takes_as_long_as_it_is() -> None:
    sentence = kinds.load("assistant").input(sentence=GOAL)
    form = kinds.load("assistant").output.model_fields["result"].annotation.__args__[0]  # type: ignore[union-attr]
    prompt = Prompt("Help.", sentence.model_dump(), "smart_goal")
    with ModelServer() as server:
        answer = httpx.post(
            f"{server.base_url}/chat/completions",
            json=body(prompt, form, "local/pace:1000"),
            headers={"authorization": "Bearer sk-made-up"},
            timeout=30,
        )
        [call] = server.ledger.calls
    written = answer.json()["choices"][0]["message"]["content"]
    assert call.finished_at is not None
    assert call.finished_at - call.received_at >= 0.9 * len(written) / 1000


@pytest.mark.parametrize("name", sorted(MATRIX.keys() - {"pattern"}))
def test_a_value_of_each_type_that_a_kind_may_hold_is_made(name: str) -> None:
    form = kind_of(name, None).output
    assert from_json(form, fill(form.model_json_schema(), "Enzymes are proteins. They speed up reactions."))
