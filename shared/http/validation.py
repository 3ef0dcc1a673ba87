"""Reads a caller's input into pydantic models. Reports the faults, never the values."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.domain.finite import not_finite
from shared.http.problems import ProblemError
from shared.kinds.values import MOST_LEVELS, from_json, too_deep

_KEY = "^[!-~]{8,512}$"


def _sound(key: SecretStr) -> SecretStr:
    if not re.fullmatch(_KEY.strip("^$"), key.get_secret_value()):
        raise PydanticCustomError("string_pattern_mismatch", "Send a key of 8 to 512 visible ASCII characters.")
    return key


_Key = Annotated[
    SecretStr,
    AfterValidator(_sound),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True, "pattern": _KEY}),
]
UserProvidedKey = Annotated[
    _Key | None,
    Field(description="Your own key for the model provider. Used for this generation only, and deleted when it ends."),
]
"""A field of a body. No repr, dump or error shows it. Only `get_secret_value()` returns it."""


def read[Model: BaseModel](model: type[Model], values: dict[str, Any]) -> Model:
    """Return the values as the model. Raises ProblemError, validation_failed."""
    errors: list[dict[str, str]] = []
    found = parse(model, values, errors)
    if found is None:
        raise ProblemError("validation_failed", errors=errors)
    return found


def parse[Model: BaseModel](model: type[Model], values: dict[str, Any], errors: list[dict[str, str]]) -> Model | None:
    """Return the values as the model, or None after adding the faults to `errors`.

    A text without a visible character is always a fault. A number that is too large for a float, such as 1e400, is a
    fault too. So is a value that is nested too deep to be stored and read.
    """
    if deep := [name for name, value in values.items() if too_deep(value)]:
        message = f"It is nested deeper than {MOST_LEVELS} levels."
        errors.extend(field_error(field_at(name), "too_deep", message) for name in deep)
        return None
    wrong: dict[str, dict[str, str]] = {}
    found: Model | None = None
    for place in _blanks(values):
        field = ".".join(map(_shown, place))
        wrong[field] = field_error(field, "blank", "The text has no visible character.")
    for place in not_finite(values):
        field = field_at(*place)
        wrong[field] = field_error(field, "finite_number", "The number is too large.")
    for name in _unnamed(model, values):
        wrong[name] = field_error(field_at(name), "extra_forbidden", "Extra inputs are not permitted")
    try:
        found = from_json(model, values)
    except ValidationError as invalid:
        for error in _errors(invalid, ()):
            wrong.pop(error["field"], None)  # report each fault once, in the model's words
            errors.append(error)
    errors.extend(wrong.values())
    return None if wrong else found


def _unnamed(model: type[BaseModel], values: dict[str, Any]) -> set[str]:
    """Return the names in a body that are internal names of fields with an alias.

    Reading JSON, pydantic silently drops these, although the model forbids unknown fields.
    """
    if model.model_config.get("extra") != "forbid":
        return set()
    return {*values} & {*model.model_fields} - {field.alias or name for name, field in model.model_fields.items()}


_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Control and format characters, marks that need a letter to stand on, and spaces (Unicode's general categories)."""
_UNSEEN_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that have no visible glyph: Hangul's fillers, Braille without a dot."""


type _Place = tuple[str | int, ...]


def _blanks(values: dict[str, Any]) -> Iterator[_Place]:
    """Yield the place of each text that is not empty but has no visible character. Reads each character at most
    once."""
    left: list[tuple[_Place, Any]] = [((), values)]
    while left:  # no recursion: a body may be nested as deep as JSON can be read
        place, value = left.pop()
        if isinstance(value, str):
            if value and not any(map(_is_seen, value)):
                yield place
        elif isinstance(value, dict):
            left.extend(((*place, name), member) for name, member in value.items())
        elif isinstance(value, list):
            left.extend(((*place, number), member) for number, member in enumerate(value))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN and character not in _UNSEEN_LETTERS


def read_stored[Model: BaseModel](model: type[Model], text: str, place: tuple[str | int, ...]) -> Model:
    """Return stored JSON, with a caller's change in it at `place`, as the model.

    Raises ProblemError, validation_failed.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as invalid:
        raise ProblemError("validation_failed", errors=_errors(invalid, place)) from invalid


def field_at(*place: str | int) -> str:
    """Return a field's name as errors show it."""
    return ".".join(map(_shown, place))


def _errors(invalid: ValidationError, place: tuple[str | int, ...]) -> list[dict[str, str]]:
    # Echoes neither the input nor pydantic's own address of the rule.
    found = invalid.errors(include_url=False, include_input=False, include_context=False)
    return [field_error(field_at(*place, *error["loc"]), error["type"], error["msg"]) for error in found]


def _shown(part: str | int) -> str:
    # An unknown field's name comes from the caller. It is echoed only if it looks like a name.
    return str(part) if isinstance(part, int) or re.fullmatch(r"\w{1,40}", part, flags=re.ASCII) else "*"


def field_error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


KEY_NOT_TAKEN = field_error(
    "user_provided_key", "not_taken", "This deployment takes no provider keys from users. Omit the field."
)
