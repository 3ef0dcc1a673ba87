"""Adds each kind to the OpenAPI document: the form of its create, and of its output as the owner reads it."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from docs.field_texts import described, texts
from docs.openapi_parts import REF, Json, OwnTitles, parts, plain, title
from docs.openapi_reviews import suggestion_name
from functions.create.service import Envelope
from shared import kinds
from shared.domain.pictures import Picture
from shared.kinds.contract import Kind


def create_forms(schemas: Json) -> Json:
    """Return the form of a create's body, which is one of the kinds', and add everything that it refers to."""
    return {"oneOf": [_create_form(kinds.load(name), schemas) for name in kinds.names()]}


def _create_form(kind: Kind, schemas: Json) -> Json:
    """Return the form of a create of this kind: one object with the envelope and the kind's own input."""
    envelope, own = described(parts(Envelope, schemas), Envelope), parts(kind.input, schemas, title(kind))
    properties = {**envelope["properties"], **own["properties"]}
    for field, form in (("kind", {"const": kind.name}), ("prompt_version", {"enum": [*kind.prompt_versions, None]})):
        properties[field] = {"description": texts(Envelope)[field], **form}
    required = [*own.get("required", ())]
    if kind.name != Envelope.model_fields["kind"].default:
        required.append("kind")
    name = f"Create{title(kind)}"
    schemas[name] = {
        "type": "object",
        "description": own.get("description", ""),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {"$ref": REF.format(model=name)}


def add_outputs(schemas: Json) -> None:
    """Replace `Output` by the outputs of all kinds, because the API shows some of it in another form than the kinds
    define."""
    shown = schemas["Output"]["properties"]["images"]["items"]
    outputs = [_output(kinds.load(name), shown, schemas) for name in kinds.names()]
    schemas["Output"] = {"description": schemas["Output"]["description"], "anyOf": outputs}


def _output(kind: Kind, picture: Json, schemas: Json) -> Json:
    found: Json = {}
    own = described(parts(kind.output, found, title(kind)), kind.output)
    stored = {REF.format(model=name) for name, form in found.items() if form == _STORED_PICTURE}
    own, found = _replaced(own, stored, picture), _replaced(found, stored, picture)
    if kind.reviewed is not None:
        reference = {"$ref": REF.format(model=suggestion_name(kind, kind.reviewed))}
        said = {name: text for name, text in own["properties"][kind.reviewed.name].items() if name == "description"}
        own["properties"][kind.reviewed.name] = {**said, "type": "array", "items": reference}
    name = f"{title(kind)}Output"
    schemas[name] = own
    # Leave out schemas that only the replaced forms refer to.
    reached, open_names = set[str](), [name]
    while open_names:
        for referred in _referred(schemas[open_names.pop()]):
            if referred in found and referred not in reached:
                reached.add(referred)
                open_names.append(referred)
                schemas[referred] = found[referred]
    return {"$ref": REF.format(model=name)}


def names(kind: Kind) -> Json:
    """Return where the document has this kind's forms, so that generators of types need not guess by a name."""
    forms = {"create": f"Create{title(kind)}", "output": f"{title(kind)}Output"}
    if kind.reviewed is not None:
        forms["suggestion"] = suggestion_name(kind, kind.reviewed)
        forms |= {part: f"{title(kind)}{name}" for part, name in _REVIEWED.items()}
    return {part: {"$ref": REF.format(model=name)} for part, name in forms.items()}


_REVIEWED = {"card": "Card", "decide": "Decide", "decideNumbered": "DecideNumbered", "editCard": "EditCard"}


_STORED_PICTURE = plain(TypeAdapter(Picture).json_schema(schema_generator=OwnTitles))


def _replaced(schema: Any, references: set[str], by: Json) -> Any:
    """Return the form with `by` in place of each reference to one of these."""
    if isinstance(schema, list):
        return [_replaced(each, references, by) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") in references:
        return {**schema, **by}
    return {name: _replaced(each, references, by) for name, each in schema.items()}


def _referred(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for each in schema.values():
            yield from _referred(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _referred(each)
