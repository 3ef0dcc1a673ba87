"""Owns the objects that the model server recognises by their field names, and their contents; words, no schema.

The names are those of the kinds in this project; an object with other names is filled with plain words.
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.model_server import assistance, stories

Said = Mapping[str, str]
"""The user's words, by their tag."""


def values_of(properties: Mapping[str, Any], said: Said) -> dict[str, Any]:
    """Return values for an object with these properties, by name; empty for other objects."""
    maker = _MAKERS.get(frozenset(properties))
    return maker(properties, said) if maker else {}


def _outline(properties: Mapping[str, Any], said: Said) -> dict[str, Any]:
    title, chapters = stories.outline_of(said.get("premise", ""), int(properties["chapters"].get("minItems", 3)))
    return {"title": title, "chapters": chapters}


def _chapter(_properties: Mapping[str, Any], said: Said) -> dict[str, Any]:
    words = (said.get(name, "") for name in ("premise", "chapter", "before"))
    heading, text = stories.chapter_of(*words)
    return {"heading": heading, "text": text}


def _intent(_properties: Mapping[str, Any], said: Said) -> dict[str, Any]:
    intent, reason = assistance.intent_of(said.get("sentence", ""))
    return {"intent": intent, "reason": reason}


def _goal(_properties: Mapping[str, Any], said: Said) -> dict[str, Any]:
    return assistance.goal_of(said.get("sentence", ""))


def _order(_properties: Mapping[str, Any], said: Said) -> dict[str, Any]:
    return {"items": assistance.order_of(said.get("sentence", ""))}


_MAKERS: dict[frozenset[str], Callable[[Mapping[str, Any], Said], dict[str, Any]]] = {
    frozenset({"title", "chapters"}): _outline,
    frozenset({"heading", "text"}): _chapter,
    frozenset({"intent", "reason"}): _intent,
    frozenset({"intent", "goal", "specific", "measurable", "achievable", "relevant", "time_bound"}): _goal,
    frozenset({"intent", "items"}): _order,
}
