"""The simulator's DynamoDB charges the same units as an emulator, and follows AWS's rule where the emulator reports
none.

moto counts neither by size nor the index, so it cannot confirm anything here.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from shared.store.marshalling import marshal
from tests.factories import SETTINGS
from tests.simulation.capacity import PAGE_BYTES, size_of
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.table import FakeTable

TABLE = SETTINGS.table_name
Charged = tuple[float, float]
"""Units of the table, and of the index."""


@pytest.fixture(params=["fake", "ministack"])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "fake":
        yield FakeDynamoDB(FakeTable(lambda: 0.0), TABLE)
    else:
        yield request.getfixturevalue("ministack")


@pytest.fixture
def alone() -> FakeDynamoDB:
    """The simulator's units, where no emulator counts."""
    return FakeDynamoDB(FakeTable(lambda: 0.0), TABLE)


def key(owner: str, sk: str = "G#1") -> dict[str, Any]:
    return marshal({"pk": owner, "sk": sk})


def head(owner: str, sk: str = "G#1", size: int = 100, **more: Any) -> dict[str, Any]:
    return key(owner, sk) | marshal({"text": "x" * size, **more})


def charged(answer: Any) -> Charged:
    consumed = answer["ConsumedCapacity"]
    (one,) = consumed if isinstance(consumed, list) else [consumed]
    index = sum(gsi["CapacityUnits"] for gsi in one.get("GlobalSecondaryIndexes", {}).values())
    return one["CapacityUnits"] - index, index


def put(dynamodb: Any, item: dict[str, Any]) -> Charged:
    return charged(dynamodb.put_item(TableName=TABLE, Item=item, ReturnConsumedCapacity="INDEXES"))


def update(dynamodb: Any, owner: str, expression: str, **values: Any) -> Charged:
    answer = dynamodb.update_item(
        TableName=TABLE,
        Key=key(owner),
        UpdateExpression=expression,
        ReturnConsumedCapacity="INDEXES",
        **(
            {"ExpressionAttributeValues": marshal({f":{name}": value for name, value in values.items()})}
            if values
            else {}
        ),
    )
    return charged(answer)


def read(dynamodb: Any, owner: str, sk: str = "G#1", *, strongly: bool = True) -> Charged:
    answer = dynamodb.get_item(
        TableName=TABLE, Key=key(owner, sk), ConsistentRead=strongly, ReturnConsumedCapacity="INDEXES"
    )
    return charged(answer)


@pytest.mark.parametrize(("size", "units"), [(1, 1), (900, 1), (1_100, 2), (9_900, 10)])
def test_a_write_costs_a_unit_for_each_kilobyte_that_is_begun(
    dynamodb: Any, owner: str, size: int, units: float
) -> None:
    assert put(dynamodb, head(owner, size=size)) == (units, 0)


def test_a_write_that_makes_an_item_smaller_costs_what_it_was(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner, size=5_000))
    assert put(dynamodb, head(owner)) == (5, 0)


def test_the_index_is_charged_only_when_what_it_holds_changes(dynamodb: Any, owner: str) -> None:
    assert put(dynamodb, head(owner, due_shard=owner, due_at=Decimal("1.5"))) == (1, 1)
    assert update(dynamodb, owner, "SET heartbeat_at = :now", now=7) == (1, 0)
    assert update(dynamodb, owner, "SET due_at = :due", due=9) == (1, 2), "a delete and a put"
    assert update(dynamodb, owner, "SET due_at = :due", due=9) == (1, 0)
    assert update(dynamodb, owner, "REMOVE due_at, due_shard") == (1, 1)


def test_a_deletion_is_charged_for_what_it_deletes(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner, size=1_500, due_shard=owner, due_at=1))
    delete = partial(dynamodb.delete_item, TableName=TABLE, Key=key(owner), ReturnConsumedCapacity="INDEXES")
    assert charged(delete()) == (2, 1)
    assert charged(delete()) == (1, 0)


def test_a_transaction_costs_double_and_its_index_does_not(dynamodb: Any, owner: str) -> None:
    new = {"Put": {"TableName": TABLE, "Item": head(owner, size=1_500, due_shard=owner, due_at=1)}}
    sum_up = {
        "Update": {
            "TableName": TABLE,
            "Key": key(owner, "U#1"),
            "UpdateExpression": "ADD calls :one",
            "ExpressionAttributeValues": marshal({":one": 1}),
        }
    }
    answer = dynamodb.transact_write_items(TransactItems=[new, sum_up], ReturnConsumedCapacity="INDEXES")
    assert charged(answer) == (2 * (2 + 1), 1)


def test_a_small_read_costs_a_unit_and_half_of_it_where_it_may_be_stale(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner))
    assert read(dynamodb, owner) == (1, 0)
    assert read(dynamodb, owner, strongly=False) == (0.5, 0)
    assert read(dynamodb, owner, "G#none") == (1, 0)


def by_due(owner: str, **more: Any) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "IndexName": "due",
        "KeyConditionExpression": "due_shard = :shard AND due_at <= :now",
        "ExpressionAttributeValues": marshal({":shard": owner, ":now": 10**9}),
        "ReturnConsumedCapacity": "INDEXES",
        **more,
    }


def test_a_query_of_the_index_costs_the_index_alone(dynamodb: Any, owner: str) -> None:
    assert charged(dynamodb.query(**by_due(owner))) == (0, 0.5), "where there is nothing, too"
    put(dynamodb, head(owner, due_shard=owner, due_at=1))
    assert charged(dynamodb.query(**by_due(owner))) == (0, 0.5)


# The units that MiniStack does not count, by AWS's rule: it charges every read as 4 KB, and a batch of reads as
# nothing.


def test_a_batch_of_reads_costs_what_each_would_alone(alone: FakeDynamoDB, owner: str) -> None:
    put(alone, head(owner))
    keys = {"Keys": [key(owner), key(owner, "G#none")], "ConsistentRead": True}
    answer = alone.batch_get_item(RequestItems={TABLE: keys}, ReturnConsumedCapacity="INDEXES")
    assert charged(answer) == (2, 0)


def test_a_read_costs_a_unit_for_every_four_kilobytes(alone: FakeDynamoDB, owner: str) -> None:
    for _ in range(2):  # an eventually consistent read returns the state before the last write
        put(alone, head(owner, size=9_000))
    assert read(alone, owner) == (3, 0)
    assert read(alone, owner, strongly=False) == (1.5, 0)


def test_a_query_costs_what_all_that_it_read_comes_to_rounded_up_once(alone: FakeDynamoDB, owner: str) -> None:
    items = [head(owner, f"G#{number}", size=500) for number in range(10)]
    for item in items:
        put(alone, item)
    answer = alone.query(
        TableName=TABLE,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        FilterExpression="attribute_not_exists(text)",
        ExpressionAttributeValues=marshal({":pk": owner}),
        ReturnConsumedCapacity="INDEXES",
    )
    assert 4096 < sum(map(size_of, items)) < 8192
    assert (answer["Count"], charged(answer)) == (0, (2, 0)), "what a filter drops was read"


def test_a_page_ends_at_a_megabyte_and_the_next_goes_on_behind_it(alone: FakeDynamoDB, owner: str) -> None:
    for number in range(15_000):
        put(alone, head(owner, f"G#{number:08d}", due_shard=owner, due_at=number))
    first = alone.query(**by_due(owner))
    rest = alone.query(**by_due(owner, ExclusiveStartKey=first["LastEvaluatedKey"]))
    read = sum(map(size_of, first["Items"]))
    assert PAGE_BYTES < read <= PAGE_BYTES + size_of(first["Items"][-1])
    assert charged(first) == (0, -(-read // 4096) / 2)
    assert "LastEvaluatedKey" not in rest
    assert [item["sk"]["S"] for item in first["Items"] + rest["Items"]] == [f"G#{n:08d}" for n in range(15_000)]
