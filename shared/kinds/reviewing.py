"""Finds the reviewable list of a kind's output. Not a kind itself.

Code that only reads gets the list's name from the kind's source, because importing a kind imports pydantic.
"""

import ast
import importlib.util
from types import ModuleType
from typing import Any, get_args, get_origin

from shared.domain.review import RESERVED
from shared.kinds.contract import Reviewed

_NAME = "REVIEWS"


def declared(module: str) -> str | None:
    """Return the REVIEWS of a kind's module without importing it; None if it declares none."""
    spec = importlib.util.find_spec(module)
    loader: Any = spec and spec.loader
    source: str | None = loader.get_source(module) if hasattr(loader, "get_source") else None
    for statement in ast.parse(source or "").body:
        names = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(name, ast.Name) and name.id == _NAME for name in names):
            value = getattr(statement, "value", None)
            return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
    return None


def reviewed(module: ModuleType) -> Reviewed | None:
    """Return a kind's reviewable list and the model of one item. Raises ValueError if it cannot be reviewed."""
    name = getattr(module, _NAME, None)
    if name is None:
        return None
    if not isinstance(name, str) or declared(module.__name__) != name:
        raise ValueError(f"{module.__name__}: write {_NAME} as a plain string at the top of the file")
    field: Any = module.Output.model_fields.get(name)
    if field is not None and field.alias not in (None, name):
        raise ValueError(f"{module.__name__}: {_NAME} names a field that has an alias; remove the alias")
    model: Any = next(iter(get_args(field.annotation)), None) if field else None
    if field is None or get_origin(field.annotation) is not list or not hasattr(model, "model_fields"):
        raise ValueError(
            f"{module.__name__}: {_NAME} must name a field of Output that is a list of one model: {name} is none"
        )
    if taken := sorted(RESERVED & {field.alias or own for own, field in model.model_fields.items()}):
        raise ValueError(f"{module.__name__}: a reviewed item's fields cannot be named {', '.join(taken)}; rename them")
    return Reviewed(name, model)
