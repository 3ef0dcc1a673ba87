"""Reads what a caller sent into pydantic models and says what is wrong with it, never what it was."""

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
        raise PydanticCustomError("string_pattern_mismatch", "A key is 8 to 512 visible ASCII characters.")
    return key


_Key = Annotated[
    SecretStr,
    AfterValidator(_sound),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True, "pattern": _KEY}),
]
UserProvidedKey = Annotated[
    _Key | None, Field(description="A key of your own for the model's API, used for this generation and not kept.")
]
"""A field of a body. It shows itself in no repr, dump or error, and only by `get_secret_value()`."""


def read[Model: BaseModel](model: type[Model], values: dict[str, Any]) -> Model:
    """Return the values as the model has them. Raises ProblemError, validation_failed."""
    errors: list[dict[str, str]] = []
    found = parse(model, values, errors)
    if found is None:
        raise ProblemError("validation_failed", errors=errors)
    return found


def parse[Model: BaseModel](model: type[Model], values: dict[str, Any], errors: list[dict[str, str]]) -> Model | None:
    """Return the values as the model has them, or None with what is wrong added to `errors`.

    A text in which nothing is to be seen is an empty one, whatever the model takes: it is wrong wherever it stands. So
    is a number that is too large for a float, as 1e400, and a value that is nested too deep to be stored and read.
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
            wrong.pop(error["field"], None)  # one fault is told once, in the model's words
            errors.append(error)
    errors.extend(wrong.values())
    return None if wrong else found


def _unnamed(model: type[BaseModel], values: dict[str, Any]) -> set[str]:
    """Return the names in a body that only the code has for a field which callers know by its alias.

    Out of JSON, pydantic drops these without a word, though the model forbids what it does not name.
    """
    if model.model_config.get("extra") != "forbid":
        return set()
    return {*values} & {*model.model_fields} - {field.alias or name for name, field in model.model_fields.items()}


_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Control and format characters, marks that need a letter to stand on, and spaces (Unicode's general categories)."""
_UNSEEN_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by their category that are drawn as nothing: Hangul's fillers, Braille without a dot."""


type _Place = tuple[str | int, ...]


def _blanks(values: dict[str, Any]) -> Iterator[_Place]:
    """Yield where in a body a text stands that is not empty and shows nothing. Reads each character once at most."""
    left: list[tuple[_Place, Any]] = [((), values)]
    while left:  # not by recursion: a body may be nested as deep as it can be read
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
    """Return JSON in the form in which it is stored, with what a caller changed in it at `place`, as the model has it.

    Raises ProblemError, validation_failed.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as invalid:
        raise ProblemError("validation_failed", errors=_errors(invalid, place)) from invalid


def field_at(*place: str | int) -> str:
    """Return how an error names a field."""
    return ".".join(map(_shown, place))


def _errors(invalid: ValidationError, place: tuple[str | int, ...]) -> list[dict[str, str]]:
    # Neither the input nor pydantic's own address of the rule is echoed.
    found = invalid.errors(include_url=False, include_input=False, include_context=False)
    return [field_error(field_at(*place, *error["loc"]), error["type"], error["msg"]) for error in found]


def _shown(part: str | int) -> str:
    # An unknown field's name is the caller's own words: it is told while it looks like a name.
    return str(part) if isinstance(part, int) or re.fullmatch(r"\w{1,40}", part, flags=re.ASCII) else "*"


def field_error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


KEY_NOT_TAKEN = field_error("user_provided_key", "not_taken", "This deployment takes no keys of its users.")
