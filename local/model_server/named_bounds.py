"""Reads bounds from a prompt that its schema does not contain, as a real model would.

Knows only the words with which the worker describes a form.
"""

import re
from typing import Any

_ARRAY = r'"{name}": \[(?:(?P<least>\d+) to (?P<most>\d+)|(?P<exactly>\d+)|at most (?P<upto>\d+)) of: '
_TEXT = r'"{name}": <text of (?:(?P<least>\d+) to (?P<most>\d+)|(?P<exactly>\d+)|at most (?P<upto>\d+)) characters>'


def with_named_bounds(schema: Any, prompt: str) -> Any:
    """Return the schema with the bounds that the prompt names for its fields, where it has none itself."""
    if isinstance(schema, list):
        return [with_named_bounds(part, prompt) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: with_named_bounds(value, prompt) for name, value in schema.items()}
    properties = found.get("properties")
    if isinstance(properties, dict):
        found["properties"] = {name: _bounded(name, part, prompt) for name, part in properties.items()}
    return found


def _bounded(name: str, part: Any, prompt: str) -> Any:
    if not isinstance(part, dict):
        return part
    if part.get("type") == "array":
        return _bounds(_ARRAY, name, prompt, "minItems", "maxItems") | part
    return _bounds(_TEXT, name, prompt, "minLength", "maxLength") | part if part.get("type") == "string" else part


def _bounds(form: str, name: str, prompt: str, least: str, most: str) -> dict[str, int]:
    said = re.search(form.replace("{name}", re.escape(name)), prompt)
    if said is None:
        return {}
    if said["exactly"]:
        return {least: int(said["exactly"]), most: int(said["exactly"])}
    return {most: int(said["upto"])} if said["upto"] else {least: int(said["least"]), most: int(said["most"])}
