"""Wiring of the two event sources: one thread for each record, and failures through the partial batch response."""

# Powertools loads its models of other events if it finds pydantic loaded. So its batch comes first.
from shared.aws.batch import GoesBackError, side_by_side  # isort: skip

import os
from collections import Counter
from functools import cache
from time import sleep
from typing import TYPE_CHECKING, Any, Protocol

from functions.process.dependencies import Dependencies
from functions.process.ending import Ending, Handled
from functions.process.key import ServiceKey, UserKeys
from functions.process.provider import Provider
from functions.process.worker import Worker
from shared import kinds, wiring
from shared.aws import clients
from shared.aws.clients import FOR_A_WORKER, Late
from shared.aws.dispatch import QueueMessage
from shared.aws.init import prepare, under_way
from shared.aws.logs import logger
from shared.aws.metrics import Metric, measure
from shared.domain.generation import Generation
from shared.domain.model_prices import read_prices
from shared.domain.settings import settings
from shared.kinds.contract import Catalog
from shared.store.worker import WorkerStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.process.partials import Partials
    from shared.aws.sockets import Sockets
    from shared.store.connections import Connections


class LambdaContext(Protocol):
    """The part of Lambda's context object that a worker uses."""

    def get_remaining_time_in_millis(self) -> int: ...


@cache
def _worker() -> Worker:
    config = settings()
    prices = read_prices(config.model_prices)
    model = Provider(config.model_url, protocol=config.llm_protocol, prices=prices)
    ssm = Late(clients.ssm)
    if under_way() and model.takes_key:
        ssm()  # the first job needs it
    store = WorkerStore(wiring.ground(FOR_A_WORKER))
    dependencies = Dependencies(
        store=store,
        heartbeats=WorkerStore(wiring.heartbeat_ground()),
        model=model,
        api_key=ServiceKey(ssm, config.provider_key_parameter, wiring.clock),
        user_key=UserKeys(store.user_keys, wiring.seal()),
        clock=wiring.clock,
        settings=config,
        sleep=sleep,
        partials=_partials() if config.live_table_name else None,
    )
    model.warm_up()
    name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "local")
    return Worker(dependencies, wiring.dispatch(), name, Catalog(kinds.names, kinds.load))


_connections: "Late[Connections]" = Late(lambda: wiring.push_stores()[1])
_sockets: "Late[Sockets]" = Late(wiring.sockets)


def _partials() -> "Callable[[Generation], Partials]":
    from functions.process.partials import Partials  # noqa: PLC0415 - only if the deployment has live connections

    def listeners(owner: str) -> list[str]:
        return [connection.connection_id for connection in _connections().of(owner)]

    # The clients are made when the first text arrives, so that no start waits for them.
    return lambda head: Partials(head, listeners, lambda to, message: _sockets().post(to, message), wiring.clock)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch concurrently and return the messages that must go back to their queue.

    Waiting for a model is most of the cost, and ten generations that wait together cost little more than one. Every
    thread is joined before the return: otherwise Lambda would freeze it and continue it in a later invocation.
    """
    worker = _worker()
    left = context.get_remaining_time_in_millis() / 1000
    handover_at = wiring.clock.monotonic() + left - settings().handover_margin_seconds

    def handle(body: str, message_id: str) -> Handled:
        try:
            return worker.handle(QueueMessage.from_json(body), handover_at)
        except BaseException:  # noqa: BLE001 - whatever one record raises must not send its neighbours back
            logger().exception("the message goes back to its queue", extra={"message_id": message_id})
        raise GoesBackError

    handled, answer = side_by_side(event["Records"], handle)
    _measure(handled, returned=len(event["Records"]) - len(handled))
    return answer


def _measure(handled: list[Handled], returned: int) -> None:
    endings = Counter(one.ending for one in handled)
    values = {
        Metric.RELEASED: endings[Ending.RELEASED],
        Metric.LEASES_LOST: endings[Ending.LEASE_LOST],
        Metric.SPENT_USD: float(sum(one.billed_usd for one in handled)),
        Metric.ERRORS: returned + sum(one.ours for one in handled),
    }
    measure(values, [one.ended for one in handled if one.ended is not None])


prepare(_worker, wiring.load_kinds, logger)
