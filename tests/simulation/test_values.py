"""The faster conversion of values answers as boto3's own does."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tests.simulation.values import deserialize, fast_values, serialize

VALUES: list[Any] = [
    *("", "text", "ü", True, False, 0, 7, -7, 10**37, Decimal("1.5"), Decimal(10) ** 20, Decimal("0.001")),
    *(b"bytes", {"a": 1, "b": [True, "x"]}, [1, "2", None], None),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_becomes_the_same_and_comes_back_the_same(value: Any) -> None:
    ours: Any = serialize(TypeSerializer(), value)
    assert ours == TypeSerializer().serialize(value)
    back: Any = deserialize(TypeDeserializer(), ours)
    assert back == TypeDeserializer().deserialize(ours)
    assert type(back) is type(TypeDeserializer().deserialize(ours))


def test_a_number_that_dynamodb_cannot_hold_is_refused_as_boto3_refuses_it() -> None:
    with pytest.raises(Exception, match=r"Inexact|Rounded"):
        TypeSerializer().serialize(int("1" * 39))
    with pytest.raises(Exception, match=r"Inexact|Rounded"):
        serialize(TypeSerializer(), int("1" * 39))


def test_the_substitution_ends_with_its_block() -> None:
    before = (TypeSerializer.serialize, TypeDeserializer.deserialize)
    with fast_values():
        assert (TypeSerializer.serialize, TypeDeserializer.deserialize) == (serialize, deserialize)
    assert (TypeSerializer.serialize, TypeDeserializer.deserialize) == before
