"""Writes the types of own kinds as TypeScript, and adds them to the client's package by declaration merging."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from unstuck.codegen.document import OwnKinds, Schema, name_of, values_of

_SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_NAME = re.compile(r"[A-Za-z_$][\w$]*+", re.ASCII)


def typescript(own: OwnKinds) -> str:
    """Return a module: a type for each schema, and the kinds for `unstuck-client`."""
    lines = [
        "// Made by `unstuck types` from the deployment's OpenAPI document. Do not edit.",
        'import "unstuck-client";',
    ]
    for name, schema in own.schemas.items():
        lines += ["", *_comment(schema, ""), *_declared(name, schema)]
    lines += ["", 'declare module "unstuck-client" {', "  interface Kinds {"]
    for kind, forms in own.kinds.items():
        parts = " ".join(f"{part}: {_id(name)};" for part, name in forms.items())
        lines.append(f"    {_key(kind)}: {{ {parts} }};")
    return "\n".join([*lines, "  }", "}", ""])


def _declared(name: str, schema: Schema) -> Iterator[str]:
    if "properties" not in schema:
        yield f"export type {_id(name)} = {_type(schema)};"
        return
    yield f"export interface {_id(name)} {{"
    for each, part in schema["properties"].items():
        yield from _comment(part, "  ")
        yield f"  {_field(each, part, schema)};"
    yield "}"


def _field(name: str, part: Schema, schema: Schema) -> str:
    return f"{_key(name)}{'' if name in schema.get('required', ()) else '?'}: {_type(part)}"


def _comment(schema: Schema, indent: str) -> Iterator[str]:
    if text := str(schema.get("description", "")).replace("*/", "*\\/"):
        yield f"{indent}/** {' '.join(text.split())} */"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return _id(name_of(schema))
    if "const" in schema or "enum" in schema:
        return _either(json.dumps(value, ensure_ascii=False) for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    choices: Any = [{**schema, "type": each} for each in kind] if isinstance(kind, list) else []
    if choices := choices or schema.get("anyOf") or schema.get("oneOf"):
        return _either(map(_type, choices))
    if parts := schema.get("allOf"):
        return " & ".join(f"({_type(part)})" if "|" in _type(part) else _type(part) for part in parts)
    if kind == "array":
        return _array(schema)
    return _object(schema) if kind == "object" or "properties" in schema else _SIMPLE.get(str(kind), "unknown")


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(map(_type, schema['prefixItems']))}]"
    item = _type(schema.get("items") or {})
    return f"({item})[]" if re.search(r"[|&]", item) else f"{item}[]"


def _object(schema: Schema) -> str:
    named: Mapping[str, Schema] = schema.get("properties", {})
    if named:
        return f"{{ {'; '.join(_field(name, part, schema) for name, part in named.items())} }}"
    values = values_of(schema)
    return f"Record<string, {_either(map(_type, values)) if values else 'unknown'}>"


def _either(types: Iterator[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)
