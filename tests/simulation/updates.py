"""Evaluates DynamoDB's update expressions: SET, REMOVE, ADD of whole attributes. Operands are of the item before."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from tests.simulation.expressions import (
    ExpressionError,
    Item,
    Names,
    Operand,
    Reader,
    Value,
    Values,
    operand_of,
    path_of,
    type_of,
)

Change = Callable[[Item, Item, Names, Values], None]
"""Writes into the second item the changes that the first, before the write, requires."""


@cache
def update(text: str) -> tuple[Callable[[Item, Names, Values], Item], frozenset[str]]:
    """Return what makes the item after of the item before, and the placeholders that it uses."""
    reader = Reader(text)
    changes: list[Change] = []
    while reader.peek():
        clause = _CLAUSES.get(reader.take().upper())
        if clause is None:
            raise ExpressionError(f"no such clause in {text!r}")
        changes.append(clause(reader))
        while reader.is_next(","):
            changes.append(clause(reader))

    def apply(before: Item, names: Names, values: Values) -> Item:
        after = dict(before)
        for change in changes:
            change(before, after, names, values)
        return after

    return apply, reader.placeholders


def number(value: Decimal) -> dict[str, str]:
    """Return a number as DynamoDB answers it: no exponent, no zeros at the end."""
    return {"N": format(value.normalize(), "f")}


def _set(reader: Reader) -> Change:
    name = path_of(reader)
    reader.expect("=")
    operand = _settable(reader)
    sign = reader.peek() if reader.peek() in ("+", "-") else ""
    second = None
    if sign:
        reader.take()
        second = _settable(reader)

    def change(before: Item, after: Item, names: Names, values: Values) -> None:
        value = _there(operand(before, names, values))
        if second is not None:
            more = _there(second(before, names, values))
            left, right = _number_of(value), _number_of(more)
            value = number(left + right if sign == "+" else left - right)
        after[name(names)] = value

    return change


def _settable(reader: Reader) -> Operand:
    if reader.peek().lower() == "list_append":
        raise NotImplementedError("list_append")
    if reader.peek().lower() != "if_not_exists":
        return operand_of(reader)
    reader.take()
    reader.expect("(")
    name = path_of(reader)
    reader.expect(",")
    otherwise = _settable(reader)
    reader.expect(")")

    def value(item: Item, names: Names, values: Values) -> Value | None:
        held = item.get(name(names))
        return otherwise(item, names, values) if held is None else held

    return value


def _remove(reader: Reader) -> Change:
    name = path_of(reader)

    def change(_before: Item, after: Item, names: Names, _values: Values) -> None:
        after.pop(name(names), None)

    return change


def _add(reader: Reader) -> Change:
    name, operand = path_of(reader), operand_of(reader)

    def change(before: Item, after: Item, names: Names, values: Values) -> None:
        added = _there(operand(before, names, values))
        if type_of(added) != "N":
            raise NotImplementedError("ADD of what is no number")
        held: Any = before.get(name(names), {"N": "0"})
        after[name(names)] = number(_number_of(held) + _number_of(added))

    return change


def _there(value: Value | None) -> Value:
    if value is None:
        raise ExpressionError("The provided expression refers to an attribute that does not exist in the item")
    return value


def _number_of(value: Value) -> Decimal:
    if type_of(value) != "N":
        raise ExpressionError("An operand in the update expression has an incorrect data type")
    return Decimal(value["N"])


_CLAUSES: dict[str, Callable[[Reader], Change]] = {"SET": _set, "REMOVE": _remove, "ADD": _add}
