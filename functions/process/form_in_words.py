"""Describes an answer's form in words, for models that get no schema or ignore it. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_DECIMAL = "^(?!^[-+.]*$)"
"""How pydantic's pattern of a decimal number begins, which says less than these words."""

_FORMATS = {
    "date": "a date such as 2026-01-31",
    "date-time": "a date and time such as 2026-01-31T23:59:59Z",
    "time": "a time such as 23:59:59",
    "duration": "a duration such as PT1H30M",
    "uuid": "a UUID",
    "uri": "a whole URL",
}
_SIMPLE = {"string": "text", "integer": "whole number", "boolean": "true or false", None: "any value"}
_BOUNDS = {"exclusiveMinimum": "more than", "exclusiveMaximum": "less than", "multipleOf": "a multiple of"}


def in_words(schema: Mapping[str, Any]) -> str:
    """Return the JSON schema in words: each field, its type and its bounds.

    A form that contains itself is described once, with its name, which then stands for it.
    """
    return _Words(schema.get("$defs", {})).value(schema)


class _Words:
    def __init__(self, defs: Mapping[str, Any]) -> None:
        self._defs = defs
        within = {name: set(_names_in(form)) for name, form in defs.items()}
        self._recursive = {name for name in defs if name in _reached(name, within)}
        self._described = set[str]()

    def value(self, schema: Mapping[str, Any]) -> str:
        if "$ref" in schema:
            return self._named(_name(schema))
        if "const" in schema or "enum" in schema:
            return "one of " + ", ".join(map(_quoted, schema.get("enum", [schema.get("const")])))
        either = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if either:
            return " or ".join(self.value(part) for part in either)
        if schema.get("type") == "object":
            return self._object(schema)
        if schema.get("type") == "array":
            return self._array(schema)
        return f"<{_simple(schema)}>"

    def _named(self, name: str) -> str:
        form = self._defs.get(name, {})
        if name not in self._recursive:
            return self.value(form)
        if name in self._described:
            return f"<{name}>"
        self._described.add(name)
        return f"{name} = {self.value(form)}"

    def _object(self, schema: Mapping[str, Any]) -> str:
        required = set(schema.get("required", ()))
        fields = [
            f"{_quoted(name)}: {self.value(part)}{'' if name in required else ' (may be left out)'}"
            for name, part in schema.get("properties", {}).items()
        ]
        if (others := _others(schema)) is not None:
            key = _simple({"type": "string", **schema.get("propertyNames", {})})
            fields.append(f"<{key}>: {self.value(others)}, ...")
        return "{" + ", ".join(fields) + "}"

    def _array(self, schema: Mapping[str, Any]) -> str:
        parts = [self.value(part) for part in schema.get("prefixItems", ())]
        if not parts or schema.get("items"):
            bounds = _between(schema.get("minItems"), schema.get("maxItems"))
            different = "all different: " if schema.get("uniqueItems") else ""
            among = self.value(schema.get("items", {}))
            parts.append(f"{f'{bounds} of: ' if bounds else ''}{different}{among}, ...")
        return f"[{', '.join(parts)}]"


def _others(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the form of the fields whose names are free; None if there are none."""
    others = schema.get("additionalProperties", next(iter(schema.get("patternProperties", {}).values()), None))
    if others is True:
        return {}
    return others if isinstance(others, Mapping) else None


def _simple(schema: Mapping[str, Any]) -> str:
    kind = _SIMPLE.get(schema.get("type"), str(schema.get("type")))
    length = _between(schema.get("minLength"), schema.get("maxLength"))
    size = _between(schema.get("minimum"), schema.get("maximum"))
    said = [kind + (f" of {length} characters" if length else "")]
    if schema.get("format"):
        said.append(_FORMATS.get(schema["format"], f"in the format {schema['format']}"))
    if pattern := schema.get("pattern"):
        said.append("a decimal number" if pattern.startswith(_DECIMAL) else f"which matches {pattern}")
    said += [size] if size else []
    said += [f"{words} {schema[name]}" for name, words in _BOUNDS.items() if name in schema]
    return ", ".join(said)


def _between(least: Any, most: Any) -> str:
    if least is not None and most is not None:
        return str(least) if least == most else f"{least} to {most}"
    if most is not None:
        return f"at most {most}"
    return f"at least {least}" if least is not None else ""


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _names_in(form: Any) -> Iterator[str]:
    if isinstance(form, Mapping):
        if "$ref" in form:
            yield _name(form)
        form = list(form.values())
    for part in form if isinstance(form, list) else ():
        yield from _names_in(part)


def _reached(name: str, within: Mapping[str, set[str]]) -> set[str]:
    found, left = set[str](), [name]
    while left:
        new = within.get(left.pop(), set()) - found
        found |= new
        left.extend(new)
    return found
