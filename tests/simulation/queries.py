"""DynamoDB's Query over the table in memory, and over its index."""

import re
from decimal import Decimal
from typing import Any

from tests.simulation import capacity, expressions
from tests.simulation.expressions import ExpressionError, Item, Names, Values
from tests.simulation.table import INDEX, FakeTable, Key

_END = "\U0010ffff"
_PARTITION = re.compile(r"(#?\w+) = (:\w+)(?: AND (.+))?")


def query(
    table: FakeTable,
    *,
    KeyConditionExpression: str,  # noqa: N803
    ExpressionAttributeValues: Values,  # noqa: N803
    ExpressionAttributeNames: Names | None = None,  # noqa: N803
    IndexName: str | None = None,  # noqa: N803
    ConsistentRead: bool = False,  # noqa: N803
    ScanIndexForward: bool = True,  # noqa: N803
    FilterExpression: str | None = None,  # noqa: N803
    ProjectionExpression: str | None = None,  # noqa: N803
    Limit: int | None = None,  # noqa: N803
    ExclusiveStartKey: Item | None = None,  # noqa: N803
) -> tuple[dict[str, Any], list[Item]]:
    """Return one page, and the amount read for it. Raises ExpressionError if DynamoDB would refuse the query."""
    names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues
    holds, used = expressions.condition(KeyConditionExpression)
    keep = cut = None
    if FilterExpression is not None:
        keep, more = expressions.condition(FilterExpression)
        used |= more
    if ProjectionExpression is not None:
        cut, more = expressions.projection(ProjectionExpression)
        used |= more
    if used != {*names, *values}:
        raise ExpressionError(f"placeholders used and given differ: {sorted(used ^ {*names, *values})}")
    partition = _partition(KeyConditionExpression, names, values, "pk" if IndexName is None else "due_shard")
    if IndexName is None:
        found = _of_table(table, partition, consistent=ConsistentRead)
    elif IndexName != INDEX or ConsistentRead:
        raise ExpressionError("Consistent reads are not supported on global secondary indexes")
    else:
        found = _of_index(table, partition)
    found = [item for item in found if holds(item, names, values)]
    if not ScanIndexForward:
        found.reverse()
    page, rest = _page(found, ExclusiveStartKey, Limit, ScanIndexForward)
    kept = [item for item in page if keep is None or keep(item, names, values)]
    answer: dict[str, Any] = {"Items": [cut(item, names) for item in kept] if cut else kept}
    answer |= {"Count": len(kept), "ScannedCount": len(page)}
    if rest and page:
        keys = ("pk", "sk") if IndexName is None else ("pk", "sk", "due_shard", "due_at")
        answer["LastEvaluatedKey"] = {name: page[-1][name] for name in keys}
    return answer, page


def _partition(text: str, names: Names, values: Values, expected: str) -> str:
    found = _PARTITION.fullmatch(text)
    if found is None or names.get(found[1], found[1]) != expected:
        raise ExpressionError("Query condition missed key schema element")
    return str(values[found[2]]["S"])


def _of_table(table: FakeTable, partition: str, *, consistent: bool) -> list[Item]:
    keys: list[Key] = [(partition, sk) for sk in table.keys_between(partition, "", _END)]
    if consistent:
        return [table.items[key] for key in keys]
    return [item for item in (table.older.get(key) for key in keys) if item is not None]


def _of_index(table: FakeTable, shard: str) -> list[Item]:
    """Return the index's own items: it projects the keys alone."""
    return [
        {
            "pk": {"S": entry.key[0]},
            "sk": {"S": entry.key[1]},
            "due_shard": {"S": entry.shard},
            "due_at": {"N": format(entry.due_at, "f")},
        }
        for entry in table.indexed(shard)
    ]


def _page(found: list[Item], start: Item | None, limit: int | None, forward: bool) -> tuple[list[Item], bool]:
    if start is not None:
        begin, up = _order(start), forward
        found = [item for item in found if (_order(item) > begin if up else _order(item) < begin)]
    most = len(found) if limit is None else limit
    page = found[: min(most, _fitting(found))]
    # DynamoDB stops when it has read this many, and does not check whether there is one more.
    return page, len(page) < len(found) or (limit is not None and len(page) >= limit)


def _fitting(found: list[Item]) -> int:
    """Return how many of the items a page of 1 MB holds; the one that crosses the line is still read."""
    if len(found) * capacity.MOST_ITEM_BYTES <= capacity.PAGE_BYTES:
        return len(found)
    read = 0
    for count, item in enumerate(found, 1):
        read += capacity.size_of(item)
        if read > capacity.PAGE_BYTES:
            return count
    return len(found)


def _order(item: Item) -> tuple[Decimal, str, str]:
    due = Decimal(item["due_at"]["N"]) if "due_shard" in item and len(item) == 4 else Decimal(0)
    return due, item["pk"]["S"], item["sk"]["S"]
