"""How a model's form is taken into the OpenAPI document: without pydantic's titles, its parts under the kind's name."""

from typing import Any

from pydantic import BaseModel

from shared.kinds.contract import Kind

REF = "#/components/schemas/{model}"
Json = dict[str, Any]


def title(kind: Kind) -> str:
    return kind.name.title().replace("_", "")


def parts(model: type[BaseModel], schemas: Json, prefix: str = "") -> Json:
    """Return a model's form; what it refers to is added to `schemas`, under the kind's name: two may have a `Part`."""
    schema = model.model_json_schema(ref_template=REF.format(model=prefix + "{model}"))
    schemas |= {prefix + name: plain(each) for name, each in schema.pop("$defs", {}).items()}
    return dict(plain(schema))


def plain(schema: Any) -> Any:
    """Leave out pydantic's titles, which say the names again, and make one line of each description."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # In `properties` a key is a field's name, and `title` may be one.
    kept = {name: plain(each) for name, each in schema.items() if name != "title" or not isinstance(each, str)}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept
