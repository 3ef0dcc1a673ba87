"""Makes an instance of a JSON Schema from a text: the schema gives names and limits, the text gives words.

It knows the part of JSON Schema that structured outputs use; `pattern` is not honoured.
"""

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.model_server.flashcards import Card, make_cards
from local.model_server.forms import values_of
from local.model_server.sentences import clip, split_sentences

MAX_DEPTH = 12
USUAL_ITEMS = 3
FORMATS = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "reader@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "fraction": "1/2",
    "base64": "AAAA",
}

Schema = dict[str, Any]


def fill(schema: Schema, text: str, said: Mapping[str, str] | None = None) -> Any:
    """Return an instance of `schema`. An array of objects with a `front` and a `back` gets the text's flashcards.

    `said` has the user's words by their tag; objects that `forms` knows are made of it.
    """
    return _Filler(schema, text, said or {}).value(schema, 0)


class _Filler:
    def __init__(self, root: Schema, text: str, said: Mapping[str, str]) -> None:
        self._root = root
        self._text = text
        self._said = said
        self._sentences = itertools.cycle(split_sentences(text) or ["Nothing was said."])

    def value(self, schema: Schema, depth: int, card: Card | None = None) -> Any:
        if depth > 2 * MAX_DEPTH:  # a schema that requires itself has no finite instance
            return None
        schema = self._resolve(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        kind = _type_of(schema)
        makers: dict[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema, depth, card),
            "array": lambda: self._array(schema, depth),
            "string": lambda: self._string(schema, next(self._sentences)),
            "integer": lambda: _number(schema, whole=True),
            "number": lambda: _number(schema, whole=False),
            "boolean": lambda: True,
        }
        return makers[kind]() if kind in makers else None

    def _resolve(self, schema: Schema, depth: int) -> Schema:
        """Follow `$ref`; of alternatives, take the first that is not null, or null if it is getting deep."""
        seen = 0
        while seen < MAX_DEPTH:
            seen += 1
            if "$ref" in schema:
                target: Any = self._root
                for name in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
                    target = target.get(name, {}) if name else target
                schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
            elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
                schema = _choose(alternatives, prefer_null=depth >= MAX_DEPTH // 2)
            elif parts := schema.get("allOf"):
                merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
                for part in parts:
                    merged |= self._resolve(part, depth)
                schema = merged
            else:
                break
        return schema

    def _object(self, schema: Schema, depth: int, card: Card | None) -> dict[str, Any]:
        properties: dict[str, Schema] = schema.get("properties", {})
        if depth >= MAX_DEPTH:
            required = schema.get("required", [])
            properties = {name: part for name, part in properties.items() if name in required}
        filled: dict[str, Any] = {}
        known = values_of(properties, self._said) if self._said else {}
        for name, part in properties.items():
            if name in known:
                filled[name] = self._fitted(part, depth + 1, known[name])
            elif card is not None and name in ("front", "back"):
                filled[name] = self._string(self._resolve(part, depth), getattr(card, name))
            else:
                filled[name] = self.value(part, depth + 1)
        return filled

    def _fitted(self, schema: Schema, depth: int, value: Any) -> Any:
        """Fit a known value into the schema's bounds; if its type differs, return a fitting value."""
        schema = self._resolve(schema, depth)
        kind = _type_of(schema)
        if "const" in schema or (schema.get("enum") and value not in schema["enum"]):
            return self.value(schema, depth)
        if kind == "string" and isinstance(value, str):
            return value if schema.get("enum") else self._string(schema, value)
        if kind == "array" and isinstance(value, list):
            items = schema.get("items", {"type": "string"})
            made = [self._fitted(items, depth + 1, one) for one in value[: schema.get("maxItems")]]
            missing = int(schema.get("minItems", 0)) - len(made)
            return [*made, *(self.value(items, depth + 1) for _ in range(missing))]
        if kind == "object" and isinstance(value, dict) and schema.get("properties", {}).keys() <= value.keys():
            return {name: self._fitted(part, depth + 1, value[name]) for name, part in schema["properties"].items()}
        return self.value(schema, depth)

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        if "prefixItems" in schema:  # a tuple
            return [self.value(part, depth + 1) for part in schema["prefixItems"]]
        items: Schema = schema.get("items", {"type": "string"})
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 10**6))
        wanted = self._resolve(items, depth).get("properties", {})
        if "front" in wanted and "back" in wanted:
            cards = make_cards(self._text, at_least=least, at_most=most)
            return [self.value(items, depth + 1, card) for card in cards]
        count = least if depth >= MAX_DEPTH // 2 else max(least, min(USUAL_ITEMS, most))
        return [self.value(items, depth + 1) for _ in range(count)]

    def _string(self, schema: Schema, text: str) -> str:
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        if "contentSchema" in schema:
            return json.dumps(self.value(schema["contentSchema"], 1))
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10**6))
        filled = clip(text, most)
        return filled if len(filled) >= least else "".join(_take(itertools.cycle(f"{filled} "), least))


def _take(characters: Iterator[str], count: int) -> Iterator[str]:
    return itertools.islice(characters, count)


def _choose(alternatives: list[Schema], *, prefer_null: bool) -> Schema:
    wanted = [part for part in alternatives if (part.get("type") == "null") == prefer_null]
    return (wanted or alternatives)[0]


def _type_of(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _number(schema: Schema, *, whole: bool) -> int | float:
    """The smallest number that fits, or one near zero if there is no lower limit."""
    step = schema.get("multipleOf", 1 if whole else 0)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        low = min(0, high) if high is not None else 0
        if "exclusiveMaximum" in schema and low == high:
            low -= step or 1
        number = math.floor(low / step) * step if step else low
    else:
        number = math.ceil(low / step) * step if step else low
        if "exclusiveMinimum" in schema and number <= schema["exclusiveMinimum"]:
            number += step or ((high - low) / 2 if high is not None else 1)
    return int(number) if whole else number
