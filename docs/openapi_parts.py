"""How a model's form is taken into the OpenAPI document: with the titles that it was given, without those that pydantic
makes of names; its parts under the kind's name."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from shared.kinds.contract import Kind

REF = "#/components/schemas/{model}"
Json = dict[str, Any]


def title(kind: Kind) -> str:
    return kind.name.title().replace("_", "")


class OwnTitles(GenerateJsonSchema):
    """Gives a field a title only where its model does."""

    def field_title_should_be_set(self, *_: Any) -> bool:
        return False


def parts(model: type[BaseModel], schemas: Json, prefix: str = "") -> Json:
    """Return a model's form; what it refers to is added to `schemas`, under the kind's name: two may have a `Part`."""
    template = REF.format(model=prefix + "{model}")
    schema = model.model_json_schema(ref_template=template, schema_generator=OwnTitles)
    schemas |= {prefix + name: plain(each) for name, each in schema.pop("$defs", {}).items()}
    return dict(plain(schema))


def plain(schema: Any) -> Any:
    """Leave out a model's own title, which says its name again, and make one line of each description."""
    kept = _one_line(schema)
    kept.pop("title", None)
    return kept


def _one_line(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_one_line(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _one_line(each) for name, each in schema.items()}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept
