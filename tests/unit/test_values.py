"""A value on its way to the table and back changes exactly as boto3 would change it."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from shared.store.values import deserialize, serialize

NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(
    allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12
)
SCALARS = st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | NUMBERS | st.binary() | st.none()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=12)


@given(VALUES)
def test_a_value_becomes_what_boto3_makes_of_it_and_comes_back_the_same(value: Any) -> None:
    ours: Any = serialize(value)
    theirs: Any = TypeSerializer().serialize(value)
    assert ours == theirs
    assert deserialize(ours) == TypeDeserializer().deserialize(theirs) == value


@pytest.mark.parametrize("value", [int("1" * 39), Decimal("1e200"), Decimal("1." + "1" * 38)])
def test_a_number_that_dynamodb_cannot_hold_is_refused_as_boto3_refuses_it(value: Any) -> None:
    with pytest.raises(ArithmeticError) as theirs:
        TypeSerializer().serialize(value)
    with pytest.raises(type(theirs.value)):
        serialize(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), 1.5, {1, 2}, object()])
def test_what_the_table_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        serialize(value)


def test_a_number_keeps_its_type_and_binary_values_come_back_as_bytes() -> None:
    assert [type(deserialize(serialize(value))) for value in (7, b"bytes", True)] == [Decimal, bytes, bool]
