"""The JSON in a text: found whatever stands around it, in one pass over whatever is sent."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process import conversation
from functions.process.provider.json_in_text import MOST_CANDIDATES, candidates, holds_whole_json
from shared.domain.errors import InvalidOutputError
from shared.kinds.flashcards import Output
from tests.unit.steps import steps

JSON = '{"suggestions": [{"front": "Say \\"}\\" [", "back": "{\\\\"}]}'
HOSTILE = {
    "a fence and newlines": "```json\n" + "\n" * 100,
    "open braces": "{",
    "open brackets": "[",
    "open objects": '{"a":',
    "open strings": '{"',
    "closed lists": "[]",
    "nested in turns": '{"a":[',
    "closers": "}]",
    "wrong closers": "{[}",
    "quotes": '"',
    "backslashes": '{"\\',
    "spaces after a brace": "{ ",
    "thoughts": "</think>",
    "fences": "```\n",
    "crossed": "[{]}",
    "text": "word ",
}


def read(text: str) -> None:
    holds_whole_json(text)
    with pytest.raises(InvalidOutputError):
        conversation.parse(text, Output)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hundred_times_the_text_takes_a_hundred_times_the_steps(name: str) -> None:
    piece = HOSTILE[name]
    small, large = (piece * (size // len(piece)) for size in (1_000, 100_000))
    few, many = steps(lambda: read(small)), steps(lambda: read(large))
    assert many < 110 * few + 2_000
    assert many < 25 * len(large), "and few for each character"


@pytest.mark.parametrize(
    "before", ["", "Here:\n", "```json\n", '<think>{"a": 1}</think>', "a { b } [c] ", '5" and {x\n', "\ufeff"]
)
@pytest.mark.parametrize("after", ["", "\n```", "<|im_end|>", " Done. :-}", "\n" + JSON[:30], " [1]", "\n\n" + JSON])
def test_it_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    assert JSON in candidates(before + JSON + after)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*'{}[]"\\:,1a \n', "</think>", "```", JSON]), max_size=40))
def test_each_candidate_is_a_part_of_the_text_that_begins_and_ends_in_brackets(parts: list[str]) -> None:
    text = "".join(parts)
    found = candidates(text)
    assert len(found) <= 2 * MOST_CANDIDATES
    assert all(each in text and each[0] in "{[" and each[-1] in "}]" for each in found)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_of_any_content_is_found_whole(value: Any) -> None:
    text = json.dumps({"it": value})
    assert candidates(f"So: {text} there")[0] == text
    assert holds_whole_json(f"So: {text}")
    assert not holds_whole_json(text[:-1])


@pytest.mark.parametrize("text", ["", "words", '[1] {"a": ', '{"a": 1', "{'a': 1}", "[", '"text"'])
def test_what_is_not_there_to_its_end_is_not_whole(text: str) -> None:
    assert not holds_whole_json(text)
