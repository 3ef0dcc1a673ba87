"""Reads a live table and changes nothing: page by page, strongly consistent, at a limited rate."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from shared.domain.clock import Clock
from shared.store.marshalling import Item, marshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(slots=True)
class Reader:
    """Every page counts against `pages_per_second`; 0 means no limit.

    A page is up to 1 MB: 256 read units, strongly consistent. Raises botocore's errors.
    """

    client: "DynamoDBClient"
    table_name: str
    clock: Clock
    pages_per_second: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    _next_at: float = field(default=0.0, init=False)

    def scan(self, limit: int | None = None) -> Iterator[Item]:
        """Yield the table's items, at most `limit`. The items of one owner mostly come together."""
        found = self._pages(self.client.scan, ConsistentRead=True)
        return found if limit is None else islice(found, limit)

    def heads(self) -> Iterator[Item]:
        """Yield every head of the table."""
        return self._pages(
            self.client.scan,
            ConsistentRead=True,
            FilterExpression="begins_with(sk, :prefix)",
            ExpressionAttributeValues=marshal({":prefix": "G#"}),
        )

    def heads_of(self, owner: str) -> Iterator[Item]:
        """Yield every head of an owner, oldest first."""
        return self._pages(
            self.client.query,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=marshal({":pk": owner, ":prefix": "G#"}),
        )

    def owned_by(self, owner: str) -> Iterator[Item]:
        """Yield all items of an owner."""
        return self._pages(
            self.client.query,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=marshal({":pk": owner}),
        )

    def indexed(self, shard: str) -> Iterator[Item]:
        """Yield the entries of a shard of the due index. An index cannot be read with strong consistency."""
        return self._pages(
            self.client.query,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard",
            ExpressionAttributeValues=marshal({":shard": shard}),
        )

    def inputs_of(self, request_id: str, owner: str | None) -> Iterator[list[Item]]:
        """Yield, page by page, the inputs that a request stored, of one owner if given: keys and model, no content.

        Nearly every page is empty, but must be read.
        """
        wanted: dict[str, Any] = {
            "ConsistentRead": True,
            "ProjectionExpression": "pk, sk, #model",
            "ExpressionAttributeNames": {"#model": "model"},
        }
        values = {":prefix": "I#", ":request": request_id}
        if owner is None:
            both = "begins_with(sk, :prefix) AND request_id = :request"
            wanted |= {"FilterExpression": both, "ExpressionAttributeValues": marshal(values)}
            return self._each_page(self.client.scan, **wanted)
        return self._each_page(
            self.client.query,
            **wanted,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            FilterExpression="request_id = :request",
            ExpressionAttributeValues=marshal({**values, ":pk": owner}),
        )

    def head(self, key: Item) -> Item | None:
        answer = self.client.get_item(TableName=self.table_name, Key=key, ConsistentRead=True)
        found: Item | None = answer.get("Item")
        return found

    def _pages(self, ask: Callable[..., Any], **arguments: Any) -> Iterator[Item]:
        for page in self._each_page(ask, **arguments):
            yield from page

    def _each_page(self, ask: Callable[..., Any], **arguments: Any) -> Iterator[list[Item]]:
        while True:
            self._pace()
            answer = ask(TableName=self.table_name, **arguments)
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _pace(self) -> None:
        if self.pages_per_second <= 0:
            return
        now = self.clock.monotonic()
        if now < self._next_at:
            self.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1 / self.pages_per_second
