"""DynamoDB's form of Python's values, and back: what boto3's own serializer does, without boto3.

boto3.dynamodb.types is not heavy, but importing it imports all of boto3, with S3's transfers: a third of a cold start.
`tests/unit/test_values.py` holds this to boto3's answers, for the types that the store uses; others are refused.
"""

from collections.abc import Callable, Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

_NUMBERS = Context(
    Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow]
)  # DynamoDB's range and precision: a number that does not fit is an error here, not another number there


def serialize(value: object) -> dict[str, Any]:
    """Return DynamoDB's form of a value. Raises TypeError for what the store never holds, floats among it, and
    decimal's own errors for a number that DynamoDB cannot hold."""
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"a {type(value).__name__} is nothing that the table holds")
    return write(value)


def deserialize(value: dict[str, Any]) -> Any:
    """Return the value of DynamoDB's form; a number is a Decimal, a binary value bytes. Raises KeyError for a type
    that the store never writes."""
    ((kind, held),) = value.items()
    read = _READERS[kind]
    return read(held)


def text_of(values: Mapping[str, Any], name: str) -> str:
    """Return an attribute that must be a text. Raises KeyError where it is missing, and TypeError for all else."""
    value = values[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def text_or_none(values: Mapping[str, Any], name: str) -> str | None:
    return None if values.get(name) is None else text_of(values, name)


def _number(value: Any) -> dict[str, Any]:
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError("Infinity and NaN are no numbers of DynamoDB's")
    return {"N": str(number)}


_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"S": value},
    bool: lambda value: {"BOOL": value},
    int: _number,
    Decimal: _number,
    bytes: lambda value: {"B": value},
    dict: lambda value: {"M": {name: serialize(each) for name, each in value.items()}},
    list: lambda value: {"L": [serialize(each) for each in value]},
    type(None): lambda _value: {"NULL": True},
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "S": lambda held: held,
    "N": _NUMBERS.create_decimal,
    "BOOL": lambda held: held,
    "B": bytes,
    "M": lambda held: {name: deserialize(each) for name, each in held.items()},
    "L": lambda held: [deserialize(each) for each in held],
    "NULL": lambda _held: None,
}
