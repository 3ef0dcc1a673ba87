"""Reads a field's meaning from the string below it in its class. The OpenAPI document has it as `description`."""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from types import get_original_bases
from typing import Any

type Json = dict[str, Any]


@cache
def texts(described: type) -> dict[str, str]:
    """Return the text of each field, from a class or a class that it extends."""
    found: dict[str, str] = {}
    for base in get_original_bases(described):
        if isinstance(base, type) and base.__module__.partition(".")[0] in ("shared", "functions"):
            found |= texts(base)
    if "__firstlineno__" not in vars(described):  # made by a call, such as pydantic's create_model: it has no source
        return found
    lines = ast.parse(textwrap.dedent(inspect.getsource(described))).body[0].body  # type: ignore[attr-defined]
    for field, below in pairwise(lines):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def described(schema: Json, model: type) -> Json:
    """Return the schema of an object with the text of each field. A text that the schema already has stays."""
    fields = getattr(model, "model_fields", {})  # of pydantic: a field may have another name on the wire
    known = {(name in fields and fields[name].alias) or name: text for name, text in texts(model).items()}
    properties = {
        name: {"description": known[name], **form} if name in known else form
        for name, form in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema
