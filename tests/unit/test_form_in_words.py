"""A prompt's description of an answer's form: true for every type, and short for recursive ones."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, create_model

from functions.process.form_in_words import in_words
from shared.kinds.forms import Written
from tests.kinds_of_types import MATRIX, kind_of


class Node(Written):
    """A tree."""

    name: str
    children: "list[Node]"
    parent: "Node | None" = None


class Open(Written):
    """Takes fields of any name."""

    model_config = ConfigDict(extra="allow")
    said: Literal['a "word"', True, None]


def said(form: type[BaseModel]) -> str:
    return in_words(form.model_json_schema())


def said_of(annotation: Any) -> str:
    words = said(create_model("Form", __base__=Written, x=(annotation, ...)))
    return words.removeprefix('{"x": ').removesuffix("}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("date", "<text, a date such as 2026-01-31>"),
        ("uuid", "<text, a UUID>"),
        ("timedelta", "<text, a duration such as PT1H30M>"),
        ("decimal", "<number> or <text, a decimal number>"),
        ("tuple", '[<whole number>, <text, a date such as 2026-01-31>, one of "easy", "hard"]'),
        ("set", "[all different: <text>, ...]"),
        ("dict", "{<text>: <text, a date such as 2026-01-31> or <null>, ...}"),
        ("dict_by_uuid", "{<text, a UUID>: <text>, ...}"),
        ("list_of_lists", "[[<text, a time such as 23:59:59>, ...], ...]"),
        ("pattern", "<text of at most 5 characters, which matches ^[a-z]+$>"),
        ("bounded_integer", "<whole number, at most 10, more than 0, a multiple of 2>"),
        ("bounded_list", "[1 to 2 of: <text, a date such as 2026-01-31>, ...]"),
    ],
)
def test_each_type_is_said_with_its_bounds(name: str, words: str) -> None:
    assert said_of(MATRIX[name][0]) == words


def test_choices_are_said_as_json_and_free_names_as_such() -> None:
    assert said(Open) == '{"said": one of "a \\"word\\"", true, null, <text>: <any value>, ...}'


def test_a_form_that_contains_itself_is_said_once_and_by_its_name_from_then_on() -> None:
    assert said(Node) == (
        'Node = {"name": <text>, "children": [<Node>, ...], "parent": <Node> or <null> (may be left out)}'
    )
    twice = create_model("Twice", __base__=Written, first=(Node, ...), second=(list[Node], ...))
    assert said(twice).count("Node = ") == 1
    assert said(twice).endswith('"second": [<Node>, ...]}')


def test_forms_that_contain_each_other_take_words_for_each_and_not_for_each_pair() -> None:
    names = [f"Op{number}" for number in range(8)]
    either = {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in names]}
    form = {"type": "object", "properties": {"left": either, "right": either}, "required": ["left", "right"]}
    words = in_words({**form, "$defs": dict.fromkeys(names, form)})
    assert all(words.count(f"{name} = ") == 1 for name in names)
    assert "any value" not in words
    assert len(words) < 2_500


@pytest.mark.parametrize("name", MATRIX)
def test_no_type_is_without_words(name: str) -> None:
    assert said(kind_of(name, None).output).startswith('{"value": ')
