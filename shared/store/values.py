"""Converts Python values to DynamoDB's form and back, like boto3's serializer but without boto3.

boto3.dynamodb.types is small, but importing it imports all of boto3 with S3 transfers: a third of a cold start.
`tests/unit/test_values.py` compares this with boto3, for the types that the store uses. Other types are refused.
"""

from collections.abc import Callable, Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

_NUMBERS = Context(
    Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow]
)  # DynamoDB's range and precision: a number that does not fit is an error here, instead of a rounded number there


def serialize(value: object) -> dict[str, Any]:
    """Return DynamoDB's form of a value. Raises TypeError for types that the store never holds, such as floats, and
    decimal's errors for numbers that DynamoDB cannot hold."""
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"the table cannot hold a {type(value).__name__}")
    return write(value)


def deserialize(value: dict[str, Any]) -> Any:
    """Return the Python value of DynamoDB's form. Numbers become Decimal, binary values bytes. Raises KeyError for
    types that the store never writes."""
    ((kind, held),) = value.items()
    read = _READERS[kind]
    return read(held)


def text_of(values: Mapping[str, Any], name: str) -> str:
    """Return an attribute that must be a text. Raises KeyError if it is missing, TypeError if it has another type."""
    value = values[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def text_or_none(values: Mapping[str, Any], name: str) -> str | None:
    return None if values.get(name) is None else text_of(values, name)


def _number(value: Any) -> dict[str, Any]:
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError("DynamoDB has no Infinity and no NaN")
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
