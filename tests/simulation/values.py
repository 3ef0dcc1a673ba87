"""boto3's conversion of values, faster: the same answers for the types that the store uses, and boto3's own for others.

Half of a simulation's time would go into it. `tests/simulation/test_values.py` holds it to boto3's answers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from boto3.dynamodb.types import DYNAMODB_CONTEXT, Binary, TypeDeserializer, TypeSerializer

_serialize, _deserialize = TypeSerializer.serialize, TypeDeserializer.deserialize
_create = DYNAMODB_CONTEXT.create_decimal


def serialize(serializer: TypeSerializer, value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is bool:
        return {"BOOL": value}
    if kind is int and -(10**38) < value < 10**38:
        return {"N": str(value)}
    if kind is bytes:
        return {"B": value}
    return _serialize(serializer, value)


def deserialize(deserializer: TypeDeserializer, value: Any) -> Any:
    ((kind, held),) = value.items()
    if kind == "S":
        return held
    if kind == "N":
        return _create(held)
    if kind == "BOOL":
        return held
    if kind == "B":
        return Binary(held)
    return _deserialize(deserializer, value)


@contextmanager
def fast_values() -> Iterator[None]:
    """Have every serializer of boto3's in this process take these within the block."""
    with (
        patch.object(TypeSerializer, "serialize", serialize),
        patch.object(TypeDeserializer, "deserialize", deserialize),
    ):
        yield
