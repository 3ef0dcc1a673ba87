"""The CPU that a sweep takes with boto3's real clients, whose requests are answered in memory instead of sent.

All of botocore is in it but the socket: building, signing, parsing. TLS comes on top of it on AWS.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from bench.scale.stock import Stock
from bench.scale.sweeping import SETTINGS, Clock, OneByOne
from bench.scale.wire import TABLE, Meter
from functions.sweeper import service
from functions.sweeper.service import Sweep
from shared import kinds
from shared.aws.clients import ONE_SHORT_TRY, STANDARD
from shared.aws.dispatch import SqsDispatch
from shared.rescue import Rescuer
from shared.store.ground import Ground
from shared.store.table import Table
from shared.store.whole import Store
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.table import FakeTable


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class _StandStill:
    now = 0.0


def _answering(meter: Meter, answer: Callable[[str, dict[str, Any]], Any]) -> Callable[..., Any]:
    """Return what answers a request before it is sent; the time that this takes is not the code's."""

    def handle(request: Any, **_more: Any) -> AWSResponse:
        meter.stop()
        target = request.headers["X-Amz-Target"]
        name = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        meter.calls[name] += 1
        body = json.dumps(answer(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(), json.loads(request.body))).encode()
        answered = AWSResponse(request.url, 200, HTTPHeaders(), _Body(body))
        meter.begin()
        return answered

    return handle


def cpu_of_a_sweep(due: int) -> tuple[float, int]:
    """Return the CPU seconds of a sweep over this many due generations, and the number of its calls."""
    stock, meter, clock = Stock(FakeTable(lambda: 0.0)), Meter(), Clock(_StandStill(), 0.0)
    stock.add_due(due)
    fake = FakeDynamoDB(stock.table, TABLE)
    session = boto3.Session("key", "secret", region_name="eu-central-1")
    dynamodb, sqs = session.client("dynamodb", config=ONE_SHORT_TRY), session.client("sqs", config=STANDARD)
    dynamodb.meta.events.register("before-send", _answering(meter, lambda name, given: getattr(fake, name)(**given)))
    sqs.meta.events.register("before-send", _answering(meter, lambda _name, _given: {"MessageId": "sent"}))
    store = Store(Ground(Table(dynamodb, TABLE, clock), clock, SETTINGS))
    address = "https://sqs.eu-central-1.amazonaws.com/1/queue"
    rescuer = Rescuer(store.rescuer, SqsDispatch(lambda: sqs, address, address), clock, SETTINGS, kinds.names())
    # One thread, so that its own clock measures everything.
    with patch.object(service, "ThreadPoolExecutor", lambda **_sizes: OneByOne()):
        meter.begin()
        report = Sweep(store.reads, store.sweeps, rescuer, clock).run(lambda: False).report
        meter.stop()
    if report.total() != due or report["error"]:
        raise RuntimeError(f"{due} were due, and the sweep found {dict(report)}")
    dynamodb.close()
    sqs.close()
    return meter.own_seconds, meter.calls.total()
