"""Turns values of the kinds' models into JSON and back, in one way for inputs, steps and outputs. Not a kind itself.

A value may be stored only if `from_json(to_json(value))` is `alike` to it.
"""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

MOST_LEVELS = 100
"""How deep a value may be nested. pydantic's JSON parser stops at 200, with an error that names no field."""


def to_json(made: BaseModel) -> dict[str, Any]:
    """Return a model as JSON, with the field names of its schema. Sets are sorted, so equal values give equal JSON.

    Raises pydantic's error for a value that JSON cannot hold.
    """
    dumped: dict[str, Any] = made.model_dump(mode="json", by_alias=True, round_trip=True)
    ordered: dict[str, Any] = _ordered(made, dumped)
    return ordered


def from_json[Model: BaseModel](form: type[Model], values: Mapping[str, Any]) -> Model:
    """Return JSON values as a model. Raises pydantic's ValidationError.

    Validates JSON and not Python values: a strict model accepts a date as a text only from JSON.
    """
    return form.model_validate_json(json.dumps(values))


def too_deep(value: object) -> bool:
    """Return whether a value of dicts and lists is nested deeper than MOST_LEVELS. Uses no recursion."""
    left = [(value, 0)]
    while left:
        found, level = left.pop()
        if isinstance(found, dict | list):
            if level == MOST_LEVELS:
                return True
            left.extend((member, level + 1) for member in (found.values() if isinstance(found, dict) else found))
    return False


def alike(one: object, other: object) -> bool:
    """Return whether two values are equal, and of the same types as far as a kind can tell: a date is not a text.

    A list counts as equal to a tuple, and a model to another model with the same fields.
    """
    if isinstance(one, BaseModel) and isinstance(other, BaseModel):
        return alike({**vars(one), **(one.model_extra or {})}, {**vars(other), **(other.model_extra or {})})
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


def _ordered(value: object, dumped: Any) -> Any:
    """Return a dumped value with each set in it sorted, because the order of sets differs between processes."""
    if isinstance(value, set | frozenset) and isinstance(dumped, list):
        return sorted(map(_ordered, value, dumped), key=lambda each: json.dumps(each, sort_keys=True))
    if isinstance(value, list | tuple | deque) and isinstance(dumped, list):
        return list(map(_ordered, value, dumped))
    if not isinstance(dumped, dict):
        return dumped
    if isinstance(value, Mapping):
        return {name: _ordered(member, dumped[name]) for name, member in zip(dumped, value.values(), strict=False)}
    members = _members(value)
    return {name: _ordered(members.get(name), each) for name, each in dumped.items()}


def _members(value: object) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        own = type(value).model_fields
        named = {(field.serialization_alias or field.alias or name): name for name, field in own.items()}
        return {shown: getattr(value, name) for shown, name in named.items()}
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return {}
