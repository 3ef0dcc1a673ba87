"""A DynamoDB client over a table in memory: the calls, arguments, answers and errors that the store knows of boto3's.

Every call is atomic, at once, and without fault: delays, faults and lost answers are put around it. An argument or a
value that is not known here is an error at once, never passed over.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation import capacity, queries
from tests.simulation.expressions import ExpressionError, Item
from tests.simulation.table import Change, FakeTable
from tests.simulation.table import Key as TableKey
from tests.simulation.writes import ConditionFailedError, change_of, error, invalid, only_key

_TOKEN_SECONDS = 600
_MOST_ACTIONS, _MOST_KEYS, _MOST_REQUESTS = 100, 100, 25
_FAILED = "The conditional request failed"


class FakeDynamoDB:
    """Answers as boto3's client of DynamoDB does for the one table `name`."""

    def __init__(self, table: FakeTable, name: str) -> None:
        self.table, self._name = table, name
        self._tokens: dict[str, tuple[float, Any]] = {}

    def get_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Item,  # noqa: N803
        ConsistentRead: bool = False,  # noqa: N803
        ReturnConsumedCapacity: str = "NONE",  # noqa: N803
    ) -> dict[str, Any]:
        self._check(TableName, "GetItem")
        item = self._read(only_key(Key, "GetItem"), consistent=ConsistentRead)
        answer = {} if item is None else {"Item": item}
        if ReturnConsumedCapacity == "NONE":
            return answer
        units = capacity.read_units(capacity.size_of(item or {}), consistent=ConsistentRead)
        return answer | {"ConsumedCapacity": capacity.of_read(self._name, units, index=False)}

    def _read(self, key: TableKey, *, consistent: bool) -> Item | None:
        if not consistent and key in self.table.older:
            return self.table.older[key]
        return self.table.items.get(key)

    def batch_get_item(
        self,
        *,
        RequestItems: Mapping[str, Any],  # noqa: N803
        ReturnConsumedCapacity: str = "NONE",  # noqa: N803
    ) -> dict[str, Any]:
        ((name, asked),) = RequestItems.items()
        self._check(name, "BatchGetItem")
        keys = [only_key(key, "BatchGetItem") for key in asked["Keys"]]
        if len(set(keys)) < len(keys):
            raise invalid("Provided list of item keys contains duplicates", "BatchGetItem")
        if not 0 < len(keys) <= _MOST_KEYS or set(asked) - {"Keys", "ConsistentRead"}:
            raise invalid("Too many items requested for the BatchGetItem call", "BatchGetItem")
        consistent = asked.get("ConsistentRead", False)
        found = [self._read(key, consistent=consistent) for key in keys]
        answer: dict[str, Any] = {"Responses": {name: [item for item in found if item is not None]}}
        if ReturnConsumedCapacity != "NONE":
            units = sum(capacity.read_units(capacity.size_of(item or {}), consistent=consistent) for item in found)
            answer["ConsumedCapacity"] = [capacity.of_read(self._name, units, index=False)]
        return answer | {"UnprocessedKeys": {}}

    def query(self, *, TableName: str, **arguments: Any) -> dict[str, Any]:  # noqa: N803
        self._check(TableName, "Query")
        told = arguments.pop("ReturnConsumedCapacity", "NONE") != "NONE"
        try:
            answer, read = queries.query(self.table, **arguments)
        except ExpressionError as wrong:
            raise invalid(str(wrong), "Query") from wrong
        if told:
            size = sum(map(capacity.size_of, read))
            units = capacity.read_units(size, consistent=arguments.get("ConsistentRead", False))
            answer["ConsumedCapacity"] = capacity.of_read(self._name, units, index="IndexName" in arguments)
        return answer

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Item: Item,  # noqa: N803
        ReturnValuesOnConditionCheckFailure: str = "NONE",  # noqa: N803
        ReturnConsumedCapacity: str = "NONE",  # noqa: N803
        **condition: Any,
    ) -> dict[str, Any]:
        self._check(TableName, "PutItem")
        change = self._one("PutItem", {"Item": Item, **condition}, ReturnValuesOnConditionCheckFailure)
        return self._told([change], ReturnConsumedCapacity)

    def delete_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Item,  # noqa: N803
        ReturnValuesOnConditionCheckFailure: str = "NONE",  # noqa: N803
        ReturnConsumedCapacity: str = "NONE",  # noqa: N803
        **condition: Any,
    ) -> dict[str, Any]:
        self._check(TableName, "DeleteItem")
        change = self._one("DeleteItem", {"Key": Key, **condition}, ReturnValuesOnConditionCheckFailure)
        return self._told([change], ReturnConsumedCapacity)

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Item,  # noqa: N803
        ReturnValues: str = "NONE",  # noqa: N803
        ReturnValuesOnConditionCheckFailure: str = "NONE",  # noqa: N803
        ReturnConsumedCapacity: str = "NONE",  # noqa: N803
        **update: Any,
    ) -> dict[str, Any]:
        self._check(TableName, "UpdateItem")
        change = self._one("UpdateItem", {"Key": Key, **update}, ReturnValuesOnConditionCheckFailure)
        told = self._told([change], ReturnConsumedCapacity)
        if ReturnValues == "NONE":
            return told
        if ReturnValues not in ("ALL_NEW", "ALL_OLD"):
            raise NotImplementedError(ReturnValues)
        attributes = change.after if ReturnValues == "ALL_NEW" else change.before
        return ({"Attributes": attributes} if attributes else {}) | told

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((name, requests),) = RequestItems.items()
        self._check(name, "BatchWriteItem")
        if not 0 < len(requests) <= _MOST_REQUESTS:
            raise invalid("Too many items requested for the BatchWriteItem call", "BatchWriteItem")
        changes = []
        for request in requests:
            ((kind, body),) = request.items()
            operation = {"PutRequest": "PutItem", "DeleteRequest": "DeleteItem"}[kind]
            changes.append(self._change(operation, body))
        if len({change.key for change in changes}) < len(changes):
            raise invalid("Provided list of item keys contains duplicates", "BatchWriteItem")
        self.table.apply(changes)
        return {"UnprocessedItems": {}}

    def transact_write_items(
        self,
        *,
        TransactItems: Sequence[Mapping[str, Any]],  # noqa: N803
        ClientRequestToken: str | None = None,  # noqa: N803
        ReturnConsumedCapacity: str = "NONE",  # noqa: N803
    ) -> dict[str, Any]:
        operation = "TransactWriteItems"
        if not 0 < len(TransactItems) <= _MOST_ACTIONS or len(ClientRequestToken or "") > 36:
            raise invalid("1 validation error detected", operation)
        if ClientRequestToken is not None and self._is_repeated(ClientRequestToken, TransactItems):
            return {}
        changes, reasons = [], []
        for action in TransactItems:
            ((kind, body),) = action.items()
            arguments = dict(body)
            self._check(arguments.pop("TableName"), operation)
            told = arguments.pop("ReturnValuesOnConditionCheckFailure", "NONE")
            try:
                changes.append(self._change(_ACTIONS[kind], arguments))
                reasons.append({"Code": "None"})
            except ConditionFailedError as failed:
                reasons.append(_reason(failed.item if told == "ALL_OLD" else None))
        if len(changes) < len(TransactItems):
            codes = ", ".join(reason["Code"] for reason in reasons)
            message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
            raise error("TransactionCanceledException", message, operation, CancellationReasons=reasons)
        if len({change.key for change in changes}) < len(changes):
            raise invalid("Transaction request cannot include multiple operations on one item", operation)
        if ClientRequestToken is not None:
            self._tokens[ClientRequestToken] = (self.table.now(), TransactItems)
        self.table.apply([change for change in changes if change.before is not change.after])
        return {name: [one] for name, one in self._told(changes, ReturnConsumedCapacity, 2).items()}

    def _told(self, changes: list[Change], asked: str, times: int = 1) -> dict[str, Any]:
        return {} if asked == "NONE" else {"ConsumedCapacity": capacity.of_writes(self._name, changes, times)}

    def _is_repeated(self, token: str, writes: Any) -> bool:
        at, before = self._tokens.get(token, (0.0, None))
        if before is None or self.table.now() - at > _TOKEN_SECONDS:
            return False
        if before != writes:
            raise error("IdempotentParameterMismatchException", "another request had the token", "TransactWriteItems")
        return True

    def _one(self, operation: str, arguments: Item, told: str) -> Change:
        try:
            change = self._change(operation, arguments)
        except ConditionFailedError as failed:
            more = {"Item": failed.item} if told == "ALL_OLD" and failed.item is not None else {}
            raise error("ConditionalCheckFailedException", _FAILED, operation, **more) from None
        self.table.apply([change])
        return change

    def _change(self, operation: str, arguments: Item) -> Change:
        """Return what a write would do. Raises ConditionFailedError, or ClientError for one that is none."""
        try:
            return change_of(self.table, operation, **arguments)
        except ExpressionError as wrong:
            raise invalid(str(wrong), operation) from wrong

    def _check(self, name: str, operation: str) -> None:
        if name != self._name:
            raise error("ResourceNotFoundException", "Requested resource not found", operation)


_ACTIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheck"}


def _reason(item: Item | None) -> dict[str, Any]:
    reason: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Message": _FAILED}
    return reason if item is None else reason | {"Item": item}
