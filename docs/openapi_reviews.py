"""Adds each kind with a review to the OpenAPI document: its suggestions, its cards, and how to edit both."""

from collections.abc import Iterator, Mapping
from typing import Any

from docs.openapi_parts import REF, Json, parts, title
from shared import kinds
from shared.kinds.contract import Kind, Reviewed

_EDITS = ("Decide", "DecideNumbered", "EditCard")
_SHOWN = ("ReviewedSuggestion", "Card")


def reviewed_kinds() -> Iterator[tuple[Kind, Reviewed]]:
    """Yield the kinds that declare something as reviewable, with that list."""
    for name in kinds.names():
        kind = kinds.load(name)
        if kind.reviewed is not None:
            yield kind, kind.reviewed


def suggestion_name(kind: Kind, what: Reviewed) -> str:
    return f"Reviewed{title(kind)}{what.item.__name__}"


def add_reviews(schemas: Json) -> None:
    """Replace each form that all kinds share by one form per kind. Its name becomes the choice of these."""
    bases = {name: schemas[name] for name in (*_EDITS, *_SHOWN)}
    found: dict[str, dict[str, str]] = {name: {} for name in bases}
    for kind, what in reviewed_kinds():
        own = parts(what.item, schemas, title(kind))
        for name, base in bases.items():
            form = _form(base, own, required=name in _SHOWN)
            if name == "Card":
                form["properties"]["kind"] = {"const": kind.name}
            own_name = suggestion_name(kind, what) if name == "ReviewedSuggestion" else f"{title(kind)}{name}"
            schemas[own_name] = form
            found[name][kind.name] = REF.format(model=own_name)
    for name, forms in found.items():
        schemas[name] = {"description": bases[name]["description"], **_one_of(name, forms)}


def _form(base: Json, own: Json, *, required: bool) -> Json:
    """Return one object with the fields of both. If it is for editing, all fields are optional."""
    needed = [*base.get("required", ()), *(own.get("required", ()) if required else ())]
    form: Json = {"type": "object", "description": base["description"]}
    form["properties"] = {**base["properties"], **own["properties"]}
    if needed:
        form["required"] = needed
    return form if required else form | {"additionalProperties": False}


def _one_of(name: str, forms: Mapping[str, str]) -> Json:
    references: list[Any] = [{"$ref": form} for form in forms.values()]
    if name != "Card":
        return {"anyOf": references}
    return {"oneOf": references, "discriminator": {"propertyName": "kind", "mapping": dict(forms)}}
