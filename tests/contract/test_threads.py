"""Threads may write at once. moto alone loses such writes, because its tables are dictionaries without a lock."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.factories import SETTINGS

WRITERS, WRITES = 4, 60


@pytest.fixture
def _threads_change_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def write(dynamodb: Any, key: dict[str, Any]) -> None:
    """Write to one item again and again; each write adds an attribute and removes another."""
    for number in range(WRITES):
        update = {
            "TableName": SETTINGS.table_name,
            "Key": key,
            "UpdateExpression": f"SET a{number % 7} = :now REMOVE a{(number + 3) % 7} ADD written :one",
            "ExpressionAttributeValues": {":now": {"N": str(number)}, ":one": {"N": "1"}},
        }
        dynamodb.transact_write_items(TransactItems=[{"Update": update}])


@pytest.mark.usefixtures("_threads_change_often")
def test_transactions_of_several_threads_are_all_kept(dynamodb: Any) -> None:
    keys = [{"pk": {"S": str(uuid4())}, "sk": {"S": "head"}} for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda key: write(dynamodb, key), keys))
    items = [dynamodb.get_item(TableName=SETTINGS.table_name, Key=key)["Item"] for key in keys]
    assert [item["written"] for item in items] == [{"N": str(WRITES)}] * WRITERS
