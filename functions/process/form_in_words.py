"""Describes an answer's form in words, for models that get no schema or ignore it. Pure."""

from collections.abc import Mapping
from typing import Any

_DEEPEST = 6


def in_words(schema: Mapping[str, Any]) -> str:
    """Return the JSON schema in words: each field, its type and its bounds."""
    return _value(schema, schema.get("$defs", {}), 0)


def _value(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> str:
    if "$ref" in schema:
        return _value(defs.get(str(schema["$ref"]).rpartition("/")[2], {}), defs, depth)
    if "const" in schema or "enum" in schema:
        return "one of " + ", ".join(_quoted(value) for value in schema.get("enum", [schema.get("const")]))
    either = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if either and depth <= _DEEPEST:
        return " or ".join(_value(part, defs, depth + 1) for part in either)
    kind = schema.get("type") if depth <= _DEEPEST else None
    if kind == "object":
        return _object(schema, defs, depth)
    if kind == "array":
        return f"[{_items(schema)}{_value(schema.get('items', {}), defs, depth + 1)}, ...]"
    return f"<{_simple(schema)}>"


def _object(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> str:
    required = set(schema.get("required", ()))
    fields = [
        f"{_quoted(name)}: {_value(part, defs, depth + 1)}{'' if name in required else ' (may be left out)'}"
        for name, part in schema.get("properties", {}).items()
    ]
    return "{" + ", ".join(fields) + "}"


def _items(schema: Mapping[str, Any]) -> str:
    bounds = _between(schema.get("minItems"), schema.get("maxItems"))
    return f"{bounds} of: " if bounds else ""


def _simple(schema: Mapping[str, Any]) -> str:
    kind = {"string": "text", "integer": "whole number", "boolean": "true or false", None: "any value"}.get(
        schema.get("type"), str(schema.get("type"))
    )
    length = _between(schema.get("minLength"), schema.get("maxLength"))
    size = _between(schema.get("minimum"), schema.get("maximum"))
    return kind + (f" of {length} characters" if length else "") + (f", {size}" if size else "")


def _between(least: Any, most: Any) -> str:
    if least is not None and most is not None:
        return str(least) if least == most else f"{least} to {most}"
    if most is not None:
        return f"at most {most}"
    return f"at least {least}" if least is not None else ""


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
