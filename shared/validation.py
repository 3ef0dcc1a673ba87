"""Reads what a caller sent into pydantic models and says what is wrong with it, never what it was."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.api import ProblemError


def read[Model: BaseModel](model: type[Model], values: dict[str, Any]) -> Model:
    """Return the values as the model has them. Raises ProblemError, validation_failed."""
    errors: list[dict[str, str]] = []
    found = parse(model, values, errors)
    if found is None:
        raise ProblemError("validation_failed", errors=errors)
    return found


def parse[Model: BaseModel](model: type[Model], values: dict[str, Any], errors: list[dict[str, str]]) -> Model | None:
    """Return the values as the model has them, or None with what is wrong added to `errors`."""
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        # Neither the input nor pydantic's own address of the rule is echoed.
        for error in invalid.errors(include_url=False, include_input=False, include_context=False):
            errors.append(field_error(".".join(_shown(part) for part in error["loc"]), error["type"], error["msg"]))
        return None


def _shown(part: str | int) -> str:
    # An unknown field's name is the caller's own words: it is told while it looks like a name.
    return str(part) if isinstance(part, int) or re.fullmatch(r"\w{1,40}", part, flags=re.ASCII) else "*"


def field_error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}
