"""The effect of one DynamoDB write on one item, including its condition. Changes nothing."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation import expressions, updates
from tests.simulation.expressions import Item, Names, Values
from tests.simulation.table import Change, FakeTable
from tests.simulation.table import Key as TableKey

_KEY = ("pk", "sk")


def error(code: str, message: str, operation: str, **more: Any) -> ClientError:
    """Return an error in the form in which botocore raises it."""
    status = 500 if code == "InternalServerError" else 400
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    response |= more
    return ClientError(response, operation)


def invalid(message: str, operation: str) -> ClientError:
    return error("ValidationException", message, operation)


class ConditionFailedError(Exception):
    """In this block: the condition of a write does not hold for the stored item."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


def key_of(item: Item, operation: str) -> TableKey:
    if not all(set(item.get(name, {})) == {"S"} and item[name]["S"] for name in _KEY):
        raise invalid("One of the required keys was not given a value", operation)
    return item["pk"]["S"], item["sk"]["S"]


def stored(item: Item) -> Item:
    """Return the item as a read returns it: its numbers in DynamoDB's own form."""
    return {name: _stored(value) for name, value in item.items()}


def _stored(value: Any) -> Any:
    text = value.get("N")
    return value if text is None or (text.isdigit() and text[0] != "0") else _number(text)


@lru_cache(10_000)
def _number(text: str) -> dict[str, str]:
    return updates.number(Decimal(text))


def only_key(key: Item, operation: str) -> TableKey:
    if set(key) != set(_KEY):
        raise invalid("The provided key element does not match the schema", operation)
    return key_of(key, operation)


def change_of(
    table: FakeTable,
    operation: str,
    *,
    Key: Item | None = None,  # noqa: N803
    Item: Item | None = None,  # noqa: N803
    UpdateExpression: str | None = None,  # noqa: N803
    ConditionExpression: str | None = None,  # noqa: N803
    ExpressionAttributeNames: Names | None = None,  # noqa: N803
    ExpressionAttributeValues: Values | None = None,  # noqa: N803
) -> Change:
    names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
    key = key_of(Item, operation) if Item is not None else only_key(Key or {}, operation)
    before = table.items.get(key)
    used: frozenset[str] = frozenset()
    holds, update = None, None
    if ConditionExpression is not None:
        holds, used = expressions.condition(ConditionExpression)
    if UpdateExpression is not None:
        update, more = updates.update(UpdateExpression)
        used |= more
    _check_placeholders(used, names, values, operation)
    if holds is not None and not holds(before or {}, names, values):
        raise ConditionFailedError(before)
    if operation == "ConditionCheck":
        return Change(key, before, before)
    if operation == "DeleteItem":
        return Change(key, before, None)
    if Item is not None:
        return Change(key, before, stored(Item))
    after = before or {name: {"S": value} for name, value in zip(_KEY, key, strict=True)}
    after = stored(update(after, names, values)) if update else after
    if key_of(after, operation) != key:
        raise invalid("Cannot update attribute pk. This attribute is part of the key", operation)
    return Change(key, before, after)


def _check_placeholders(used: frozenset[str], names: Names, values: Values, operation: str) -> None:
    given = {*names, *values}
    if used - given:
        raise invalid(f"An expression attribute is not defined: {sorted(used - given)}", operation)
    if given - used:
        raise invalid(f"Value provided in expression attributes unused: {sorted(given - used)}", operation)
