"""The clients of the table and the queues, each behind the boundary: as much of boto3's as the code under test uses."""

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation import versions
from tests.simulation.boundary import Boundary
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.faults import Fault, Site
from tests.simulation.queues import FakeQueues

_SITES = {
    "get_item": Site.READ,
    "query": Site.READ,
    "batch_get_item": Site.BATCH,
    "batch_write_item": Site.BATCH,
    "put_item": Site.WRITE,
    "update_item": Site.WRITE,
    "delete_item": Site.WRITE,
    "transact_write_items": Site.WRITE,
}


class DynamoDBClient:
    """The DynamoDB client of the code under test."""

    def __init__(self, boundary: Boundary, dynamodb: FakeDynamoDB) -> None:
        self._boundary, self._dynamodb = boundary, dynamodb

    def __getattr__(self, name: str) -> Callable[..., Any]:
        site, call = _SITES[name], getattr(self._dynamodb, name)

        def send(**arguments: Any) -> Any:
            old = self._boundary.process.old
            request = versions.as_written_before(arguments) if old else arguments

            def apply(fault: Fault | None) -> Any:
                return self._put_off(name, request) if fault is Fault.PUT_OFF else call(**request)

            try:
                # The table itself sends it again, and botocore does not.
                answer = self._boundary.send(site, name, apply, tries=1, request=(name, request))
            except ClientError as refused:
                raise (versions.refused_before(refused) if old else refused) from None
            return versions.as_read_before(answer) if old else answer

        return send

    def _put_off(self, name: str, arguments: dict[str, Any]) -> Any:
        """Take the first half of a batch, and answer with the rest."""
        ((table, asked),) = arguments["RequestItems"].items()
        if name == "batch_get_item":
            keys = asked["Keys"]
            left = {table: {**asked, "Keys": keys[len(keys) // 2 :]}}
            if len(keys) == 1:
                return {"Responses": {table: []}, "UnprocessedKeys": left}
            now = self._dynamodb.batch_get_item(RequestItems={table: {**asked, "Keys": keys[: len(keys) // 2]}})
            return now | {"UnprocessedKeys": left}
        half = len(asked) // 2
        if half:
            self._dynamodb.batch_write_item(RequestItems={table: asked[:half]})
        return {"UnprocessedItems": {table: asked[half:]}}


class SqsClient:
    """The SQS client of the code under test."""

    def __init__(self, boundary: Boundary, queues: FakeQueues) -> None:
        self._boundary, self._queues = boundary, queues

    def send_message(self, **message: Any) -> dict[str, Any]:
        if self._boundary.process.old:
            message["MessageBody"] = versions.message_before(message["MessageBody"], -1)
        apply = partial(self._queues.send, **message)
        answer: dict[str, Any] = self._boundary.send(Site.QUEUE, "send_message", apply)
        return answer
