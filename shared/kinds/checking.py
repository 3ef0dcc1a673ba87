"""Checks, when a kind is loaded, that JSON can hold every type of its models and bring every value back.

Reads the schemas that pydantic has already made, so a function's start costs almost nothing more.
"""

import importlib
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from traceback import walk_tb
from types import ModuleType
from typing import Any

from pydantic import BaseModel, PydanticUserError

ENVELOPE = frozenset({"kind", "model", "prompt_version", "client_id", "session_id", "user_provided_key"})
"""The fields of a create's body that are not the kind's own."""

_NO_JSON = {
    "callable": "is a function, which JSON cannot hold",
    "generator": "can be read only once; make it a list",
    "is-subclass": "is a class, which JSON cannot hold",
    "is-instance": "is of a class that pydantic cannot make from JSON; make it a model",
}
_WRITTEN_BY = {
    "_serialize_secret": "is a secret, which is stored as asterisks; make it a str",
    "_serialize_secret_field": "is a secret, which is stored as asterisks; make it a str",
    "ImportString._serialize": "imports what a text names; make it a str",
}
_NO_KEYS = {"tuple", "list", "set", "frozenset", "dict", "model", "dataclass", "typed-dict", "any-of"}
_BYTES = (
    "holds bytes, which may not be text; make it Base64Bytes, or set `ser_json_bytes` and `val_json_bytes` of its "
    "model to `base64`"
)
_CHILDREN = ("schema", "items_schema", "keys_schema", "values_schema", "extras_schema", "strict_schema")

type _Schema = Mapping[str, Any]


@cache
def fault_of(form: type[BaseModel]) -> str | None:
    """Return a sentence about the first field of a model that cannot be stored and read again; None if there is
    none."""
    form.model_rebuild()  # for a model whose build was deferred
    schema: Any = form.__pydantic_core_schema__
    if form.__pydantic_root_model__:
        return f"{form.__name__} has no fields; make it a model with a field that holds the value"
    return next(_Walk(form).faults(schema, form.__name__, {}), None)


def checked(name: str, path: str) -> ModuleType:
    """Import a kind's module. Raises ValueError that names the field if its input or output cannot be stored and
    read."""
    try:
        module = importlib.import_module(path)
    except PydanticUserError as error:
        raise _undefined(name, error) from error
    for fault in (fault_of(module.Input), fault_of(module.Output)):
        if fault is not None:
            raise ValueError(f"the kind {name}: {fault}")
    taken = ENVELOPE & {field.alias or own for own, field in module.Input.model_fields.items()}
    if taken:
        raise ValueError(
            f"the kind {name}: Input.{min(taken)} has the name of a field that every create has; rename it"
        )
    return module


def _undefined(name: str, error: PydanticUserError) -> ValueError:
    """Return a sentence about a model that pydantic could not build, with the field's name if it is known."""
    field = ""
    for frame, _line in walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_common_field_schema":
            field = f", for the field {frame.f_locals.get('name')}"
    return ValueError(f"the kind {name}: {error.message.split('. ')[0].strip()}{field}; make it a pydantic model")


class _Walk:
    """One walk through a model's schema. Visits each model once, because it may contain itself."""

    def __init__(self, form: type[BaseModel]) -> None:
        self._seen: set[object] = set()
        self._definitions: dict[str, _Schema] = {}
        self._form = form

    def faults(self, schema: _Schema, place: str, config: _Schema) -> Iterator[str]:
        kind = schema["type"]
        written = schema.get("serialization", {}).get("function")
        if reason := _WRITTEN_BY.get(getattr(written, "__qualname__", "")):
            yield f"{place} {reason}"
        elif kind in _NO_JSON:
            yield f"{place} {_NO_JSON[kind]}"
        elif kind == "bytes" and not _as_text(config):
            yield f"{place} {_BYTES}"
        elif kind in ("enum", "literal"):
            members = schema["members"] if kind == "enum" else schema["expected"]
            if not all(_is_plain(member, of_enum=kind == "enum") for member in members):
                yield f"{place} has choices that are not JSON; use texts or numbers"
        elif kind in ("model", "dataclass"):
            yield from self._model(schema, place, {**config, **schema.get("config", {})})
        elif kind in ("model-fields", "typed-dict", "dataclass-args"):
            yield from self._fields(schema, place, config)
        else:
            yield from self._parts(schema, place, config if written is None else {**config, "plain": True})

    def _model(self, schema: _Schema, place: str, config: _Schema) -> Iterator[str]:
        if schema["cls"] not in self._seen:
            self._seen.add(schema["cls"])
            yield from self.faults(schema["schema"], place, {**config, "plain": False})

    def _fields(self, schema: _Schema, place: str, config: _Schema) -> Iterator[str]:
        for computed in schema.get("computed_fields", ()):
            yield f"{place}.{computed['property_name']} is computed and not stored; make it a field that `run` fills"
        fields = schema["fields"]
        named = fields.items() if isinstance(fields, dict) else [(field["name"], field) for field in fields]
        for name, field in named:
            here = f"{place}.{name}"
            if field.get("serialization_exclude"):
                yield f"{here} is not stored (`exclude`), so the next attempt would not have it; remove `exclude`"
            if (read := field.get("validation_alias")) != field.get("serialization_alias"):
                yield f"{here} is read as {read!r} and written with another name; give it one name with `alias`"
            yield from self.faults(field["schema"], here, config)
        if "extras_schema" in schema:
            yield from self.faults(schema["extras_schema"], f"{place}.*", config)

    def _parts(self, schema: _Schema, place: str, config: _Schema) -> Iterator[str]:
        kind = schema["type"]
        if kind == "definitions":
            self._definitions |= {each["ref"]: each for each in schema["definitions"]}
        elif kind == "definition-ref":
            found = self._definitions.get(schema["schema_ref"])
            if found is not None and schema["schema_ref"] not in self._seen:
                self._seen.add(schema["schema_ref"])
                yield from self.faults(found, place, config)
        elif kind == "json-or-python":
            yield from self.faults(schema["json_schema"], place, config)
            return
        if kind == "dict" and schema.get("keys_schema", {}).get("type") in _NO_KEYS:
            yield f"{place} has keys that are not texts in JSON; make it a list"
        for part in _children(schema):
            yield from self.faults(part, place, config)


def _children(schema: _Schema) -> Iterator[_Schema]:
    for name in _CHILDREN:
        if isinstance(schema.get(name), dict) and "type" in schema[name]:
            yield schema[name]
    if schema["type"] == "tuple":
        yield from schema["items_schema"]
    yield from schema.get("steps", ())
    choices = schema.get("choices", ())
    for choice in choices.values() if isinstance(choices, dict) else choices:
        yield choice[0] if isinstance(choice, tuple) else choice


def _as_text(config: _Schema) -> bool:
    """Return whether bytes with this config, or with their own serializer, become a text that restores them."""
    written, read = config.get("ser_json_bytes", "utf8"), config.get("val_json_bytes", "utf8")
    return bool(config.get("plain")) or (written == read and written != "utf8")


def _is_plain(member: object, *, of_enum: bool) -> bool:
    if of_enum and isinstance(member, Enum):
        return isinstance(member.value, str | int | float) or member.value is None
    return isinstance(member, str | int) or member is None
