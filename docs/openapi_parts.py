"""Puts a model's form into the OpenAPI document. It keeps explicit titles and drops those that pydantic makes from
names. Parts get the kind's name."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from shared.kinds.contract import Kind

REF = "#/components/schemas/{model}"
Json = dict[str, Any]


def title(kind: Kind) -> str:
    return kind.name.title().replace("_", "")


class OwnTitles(GenerateJsonSchema):
    """Gives a field a title only if its model has one."""

    def field_title_should_be_set(self, *_: Any) -> bool:
        return False


def parts(model: type[BaseModel], schemas: Json, prefix: str = "") -> Json:
    """Return a model's form. Its parts are added to `schemas`, under the kind's name: two kinds may each have a
    `Part`."""
    template = REF.format(model=prefix + "{model}")
    schema = model.model_json_schema(ref_template=template, schema_generator=OwnTitles)
    schemas |= {prefix + name: plain(each) for name, each in schema.pop("$defs", {}).items()}
    return dict(plain(schema))


def plain(schema: Any) -> Any:
    """Leave out a model's own title, which repeats its name, and join each description into one line."""
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
