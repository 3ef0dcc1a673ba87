"""Wiring of the table's stream: finds changed heads by their keys."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from functions.push.service import Changed, Push
from shared import wiring
from shared.aws.init import prepare
from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure
from shared.domain.settings import settings
from shared.store.marshalling import unmarshal
from shared.store.reads import Reader


@cache
def _push() -> Push:
    ground, connections = wiring.push_stores()
    return Push(Reader(ground), connections, wiring.sockets(), wiring.clock, settings())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Push each changed head. Never raises for a record, because that would block its shard. A client that gets no push
    polls."""
    failed = _push().tell(changed(event["Records"]))
    if failed:
        logger().error("changes were not pushed", extra={"failed": dict(failed)})
        measure({Metric.ERRORS: failed.total()})
    return {}


def changed(records: Iterable[Mapping[str, Any]]) -> Changed:
    """Return the ids of changed heads by owner, each once. Skips new heads, which their creator knows, and deleted
    ones."""
    found: dict[str, dict[str, None]] = {}
    for record in records:
        if record["eventName"] == "MODIFY":
            key = unmarshal(record["dynamodb"]["Keys"])
            found.setdefault(str(key["pk"]), {})[str(key["sk"]).removeprefix("G#")] = None
    return {owner: list(ids) for owner, ids in found.items()}


prepare(_push)
