"""What of a kind's output its owner reviews. No kind itself.

Who only reads learns the list's name from the kind's source, since importing a kind takes pydantic.
"""

import ast
import importlib.util
from types import ModuleType
from typing import Any, get_args, get_origin

from shared.domain.review import RESERVED
from shared.kinds.contract import Reviewed

_NAME = "REVIEWS"


def declared(module: str) -> str | None:
    """Return what a kind's module declares as REVIEWS, without importing it; None where it declares nothing."""
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
    """Return what a kind reviews, and the model of one item. Raises ValueError for what cannot be reviewed."""
    name = getattr(module, _NAME, None)
    if name is None:
        return None
    if not isinstance(name, str) or declared(module.__name__) != name:
        raise ValueError(f"{module.__name__}: write {_NAME} as a plain string at the top of the file")
    field: Any = module.Output.model_fields.get(name)
    if field is not None and field.alias not in (None, name):
        raise ValueError(f"{module.__name__}: {_NAME} names a field that has an alias: give it its name alone")
    model: Any = next(iter(get_args(field.annotation)), None) if field else None
    if field is None or get_origin(field.annotation) is not list or not hasattr(model, "model_fields"):
        raise ValueError(f"{module.__name__}: {_NAME} names no field of Output that is a list of one model: {name}")
    if taken := sorted(RESERVED & {field.alias or own for own, field in model.model_fields.items()}):
        raise ValueError(f"{module.__name__}: fields of what is reviewed cannot be named {', '.join(taken)}: rename")
    return Reviewed(name, model)
