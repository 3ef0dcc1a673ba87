"""Sends requests to the table. Retries transient errors briefly, and recognises writes whose response was lost.

Knows DynamoDB's errors and nothing of the lifecycle.
"""

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Never

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnectedError

from shared.aws.clients import FOR_A_CALLER, Patience
from shared.domain.clock import Clock
from shared.domain.errors import StoreRefusedError, StoreUnavailableError
from shared.store.marshalling import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BACKOFF_SECONDS = 0.02
# Errors after which the same request may succeed later.
_TRANSIENT = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "InternalServerError",
        "ServiceUnavailable",
        "500",
        "502",
        "503",
        "504",
    }
)
_TRANSIENT_REASONS = frozenset(
    {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)  # fmt: skip

Mine = Callable[[Item], bool]


class ConditionFailedError(Exception):
    """The condition of write number `index` did not hold. `item` is the stored item, None if there is none."""

    def __init__(self, item: Item | None, index: int = 0) -> None:
        super().__init__(index)
        self.item = item
        self.index = index


class ConflictError(Exception):
    """Another transaction held one of the items. Nothing was written, and earlier reads may be out of date."""


class Table:
    """One DynamoDB table. Every read is strongly consistent, except queries, which choose: an index query cannot be.

    Raises StoreUnavailableError if DynamoDB did not accept or confirm a request; its outcome is then unknown. Raises
    StoreRefusedError if it refused a request and would refuse it again.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience = FOR_A_CALLER,
    ) -> None:
        self._client = client
        self._name = name
        self._clock = clock
        self._sleep = sleep
        self._patience = patience

    def get(self, key: Item) -> Item | None:
        answer = self._send(lambda: self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True))
        item: Item | None = answer.get("Item")
        return item

    def get_many(self, *keys: Item) -> list[Item | None]:
        """Return the items of at most 100 keys in their order, read in one call. Each is strongly consistent, like a
        single read."""
        found: dict[str, Item] = {}
        asked: Any = {self._name: {"Keys": list(keys), "ConsistentRead": True}}
        for until in self._attempts():
            answer = self._send(partial(self._client.batch_get_item, RequestItems=asked), until=until)
            found |= {_key_of(item): item for item in answer["Responses"].get(self._name, [])}
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return [found.get(_key_of(key)) for key in keys]
        raise StoreUnavailableError("UnprocessedKeys")

    def query(self, **arguments: Any) -> Iterator[Item]:
        """Yield every item of a query, page by page."""
        while True:
            answer = self._send(lambda: self._client.query(TableName=self._name, **arguments))
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def update(self, key: Item, update: Item, mine: Mine) -> Item:
        """Update one item and return its new state.

        If the condition fails because an earlier try of ours succeeded (`mine` checks the mark), that is a success.
        """
        try:
            answer = self._send(
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key=key,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **update,
                )
            )
        except ConditionFailedError as failed:
            if failed.item is not None and mine(failed.item):
                return failed.item
            raise
        attributes: Item = answer["Attributes"]
        return attributes

    def put_new(self, item: Item) -> None:
        """Put an item that must not exist yet. Raises ConditionFailedError with the existing item."""
        self._send(
            lambda: self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        )

    def put(self, item: Item, **condition: Any) -> None:
        """Put an item. Raises ConditionFailedError if `condition` is given and does not hold."""
        self._send(lambda: self._client.put_item(TableName=self._name, Item=item, **condition))

    def delete(self, key: Item, **condition: Any) -> None:
        """Delete one item. Raises ConditionFailedError if `condition` is given and does not hold."""
        self._send(lambda: self._client.delete_item(TableName=self._name, Key=key, **condition))

    def take(self, key: Item, **condition: Any) -> Item:
        """Delete one item and return it. Raises ConditionFailedError if `condition` does not hold.

        If only the response was lost, the item is deleted anyway, and the next try fails the condition.
        """
        answer = self._send(
            lambda: self._client.delete_item(TableName=self._name, Key=key, ReturnValues="ALL_OLD", **condition)
        )
        taken: Item = answer["Attributes"]
        return taken

    def delete_many(self, keys: list[Item]) -> None:
        """Delete at most 25 items, in any order. Retries items that DynamoDB leaves unprocessed."""
        left: Any = {self._name: [{"DeleteRequest": {"Key": key}} for key in keys]}
        for until in self._attempts():
            answer = self._send(partial(self._client.batch_write_item, RequestItems=left), until=until)
            left = answer.get("UnprocessedItems")
            if not left:
                return
        raise StoreUnavailableError("DynamoDB left items unprocessed in every try")

    def transact(self, writes: list[Item], mine: Mine, *, repeat_conflicts: bool = True) -> None:
        """Write all or nothing. `mine` recognises the first write's item if an earlier try of ours succeeded.

        Each retry is byte-identical with one token, which DynamoDB honours for ten minutes. With
        `repeat_conflicts=False`, a conflict raises ConflictError, for callers that would rather read again than retry
        with old data.
        """
        token = f"{self._clock.token()}{self._clock.token()}"
        items = [
            {kind: {"TableName": self._name, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} | body}
            for write in writes
            for kind, body in write.items()
        ]
        try:
            self._send(
                lambda: self._client.transact_write_items(TransactItems=items, ClientRequestToken=token),  # type: ignore[arg-type]
                repeat_conflicts=repeat_conflicts,
            )
        except ConditionFailedError as failed:
            if not (failed.index == 0 and failed.item is not None and mine(failed.item)):
                raise

    def pause(self, attempt: int) -> None:
        """Back off before a retry, up to 320 ms."""
        self._sleep(_BACKOFF_SECONDS * 2 ** min(attempt, 4) * self._clock.random())

    def _attempts(self, until: float = math.inf) -> Iterator[float]:
        """Yield, for each try, the time until which another try may begin. Pauses before each retry."""
        until = min(until, self._clock.monotonic() + self._patience.seconds)
        for attempt in range(self._patience.tries):
            if attempt > 0:
                self.pause(attempt)
                if self._clock.monotonic() >= until:
                    return
            yield until

    def _send(self, request: Callable[[], Any], *, repeat_conflicts: bool = True, until: float = math.inf) -> Any:
        """Send until there is a response, within the patience and, if several requests share it, before `until`."""
        failed: ClientError | BotoCoreError | None = None
        for _ in self._attempts(until):
            try:
                return request()
            except ClientError as error:
                _raise_unless_transient(error)
                if not repeat_conflicts and _is_conflict(error):
                    raise ConflictError from error
                failed = error
            except (NotConnectedError, HTTPClientError) as error:  # refused, broken, or timed out
                failed = error
            except BotoCoreError as error:  # for example no credentials: a retry would fail the same way
                raise StoreUnavailableError(type(error).__name__) from error
        code = failed.response["Error"]["Code"] if isinstance(failed, ClientError) else type(failed).__name__
        raise StoreUnavailableError(code) from failed


def _raise_unless_transient(error: ClientError) -> None:
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        raise ConditionFailedError(error.response.get("Item")) from error  # type: ignore[arg-type]
    if code == "TransactionCanceledException":
        _raise_unless_all_transient(error)
    elif code not in _TRANSIENT:
        _refused(error)


def _raise_unless_all_transient(error: ClientError) -> None:
    reasons: list[Any] = list(error.response.get("CancellationReasons", []))
    for index, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            raise ConditionFailedError(reason.get("Item"), index) from error
    if not reasons or any(reason.get("Code", "None") not in _TRANSIENT_REASONS for reason in reasons):
        _refused(error)


def _is_conflict(error: ClientError) -> bool:
    reasons: list[Any] = list(error.response.get("CancellationReasons", []))
    return any(reason.get("Code") == "TransactionConflict" for reason in reasons)


def _key_of(item: Item) -> str:
    return f"{item['pk']['S']}\n{item['sk']['S']}"


def _refused(error: ClientError) -> Never:
    raise StoreRefusedError(f"{error.operation_name}: {error.response['Error']['Code']}") from error
