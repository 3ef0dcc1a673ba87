"""JSON as model servers send it, with exact numbers: money must not become a float."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any


def number(text: str) -> Decimal:
    """Return a JSON number exactly; NaN if its exponent is beyond any number, so that the rest can still be read."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def loads(text: str | bytes) -> Any:
    """Read JSON. Raises ValueError or RecursionError."""
    return json.loads(text, parse_float=number)


def dumps(value: Any) -> str:
    """Write a value of `loads` as JSON again, with numbers as numbers."""
    return json.dumps(value, default=float)
