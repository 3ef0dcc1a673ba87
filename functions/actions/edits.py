"""Validates an owner's edits with the model of the kind's own item."""

import json
from collections.abc import Mapping
from typing import Any

from shared.domain.review import Suggestion, merged
from shared.http.problems import ProblemError
from shared.http.validation import field_at, field_error, read_stored
from shared.kinds.contract import Catalog, Reviewed
from shared.kinds.values import to_json

_NOT_MADE = "This deployment no longer has this kind. Its cards can only be read and deleted."


def reviewed_of(kinds: Catalog, kind: str) -> Reviewed | None:
    """Return a kind's reviewable list; None if it has none, or if the kind no longer exists."""
    return kinds.load(kind).reviewed if kind in kinds.names() else None


def edited(
    what: Reviewed | None, fields: Suggestion, edit: Mapping[str, Any], place: tuple[str | int, ...] = ()
) -> dict[str, Any]:
    """Return all fields with the edit applied, validated by the item's model. Raises ProblemError, validation_failed.

    `place` is the edit's place in the body. Errors name each field with it.
    """
    if what is None:
        raise ProblemError("validation_failed", errors=[field_error("kind", "unknown", _NOT_MADE)])
    # A model may silently drop unknown fields.
    names = {field.alias or name for name, field in what.item.model_fields.items()}
    unknown = [field_at(*place, name) for name in edit if name not in names]
    if unknown:
        errors = [field_error(name, "extra_forbidden", "The item has no such field. Remove it.") for name in unknown]
        raise ProblemError("validation_failed", errors=errors)
    try:
        text = json.dumps(merged(fields, edit), allow_nan=False)
    except ValueError as error:  # a number that is too large, such as 1e400
        raise ProblemError("invalid_json", detail="Send finite numbers.") from error
    found = read_stored(what.item, text, place)
    return {**fields, **to_json(found)}
