"""Writes the types of own kinds as Python typed dicts, which the client takes as requests and returns as outputs."""

import keyword
import re
from collections.abc import Iterator
from typing import Any

from unstuck.codegen.document import OwnKinds, Schema, name_of, values_of

_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_NEEDED = ("Any", "Literal", "NotRequired", "TypedDict")


def python(own: OwnKinds) -> str:
    """Return a module for Python 3.12 and later: a type for each schema."""
    lines: list[str] = []
    for name, schema in own.schemas.items():
        lines += ["", "", *_declared(name, schema)]
    text = "\n".join(lines)
    used = [each for each in _NEEDED if re.search(rf"\b{each}\b", text)]
    head = [
        '"""Made by `unstuck types` from the deployment\'s OpenAPI document. Do not edit."""',
        "",
        "from __future__ import annotations",
        *(["", f"from typing import {', '.join(used)}"] if used else []),
    ]
    return "\n".join([*head, *lines, ""])


def _declared(name: str, schema: Schema) -> Iterator[str]:
    told = " ".join(str(schema.get("description", "")).replace("\\", "\\\\").replace('"""', "'''").split())
    if "properties" not in schema:
        yield f"type {_id(name)} = {_type(schema)}"
        return
    fields = {each: _field(each, part, schema) for each, part in schema["properties"].items()}
    if all(each.isidentifier() and not keyword.iskeyword(each) for each in fields):
        yield f"class {_id(name)}(TypedDict):"
        yield f'    """{told.removesuffix('"')}"""' if told else '    """Of the deployment\'s document."""'
        yield from (["", *(f"    {each}: {form}" for each, form in fields.items())] if fields else ())
        return
    yield f"{_id(name)} = TypedDict("
    yield f'    "{_id(name)}",'
    yield "    {"
    yield from (f"        {each!r}: {form!r}," for each, form in fields.items())
    yield "    },"
    yield ")"


def _field(name: str, part: Schema, schema: Schema) -> str:
    return _type(part) if name in schema.get("required", ()) else f"NotRequired[{_type(part)}]"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return _id(name_of(schema))
    if "const" in schema or "enum" in schema:
        return _literal(schema.get("enum", [schema.get("const")]))
    kind, parts = schema.get("type"), schema.get("allOf", ())
    choices: Any = [{**schema, "type": each} for each in kind] if isinstance(kind, list) else parts[:1]
    if choices := choices or schema.get("anyOf") or schema.get("oneOf"):
        return _either(map(_type, choices))
    if kind == "array":
        return f"list[{_either(map(_type, schema.get('prefixItems') or [schema.get('items') or {}]))}]"
    if kind == "object" or "properties" in schema:
        values = values_of(schema)
        return f"dict[str, {_either(map(_type, values)) if values and 'properties' not in schema else 'Any'}]"
    return _SIMPLE.get(str(kind), "Any")


def _literal(values: list[object]) -> str:
    # Python's type checkers accept no float literals.
    named = [repr(value) for value in values if isinstance(value, str | int)]
    types = [f"Literal[{', '.join(named)}]"] if named else []
    types += ["float"] if any(isinstance(value, float) for value in values) else []
    types += ["None"] if None in values else []
    return _either(iter(types)) or "Any"


def _either(types: Iterator[str]) -> str:
    found = list(dict.fromkeys(types))
    return "Any" if "Any" in found else " | ".join(found)


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name)
