"""Builds the services' dependencies from the settings, for the handlers. Nothing else in `shared` imports it."""

# Only a few calls and two functions use live connections, so other cold starts must not import them.
# ruff: noqa: PLC0415
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from shared import kinds
from shared.aws import clients
from shared.aws.clients import FOR_A_CALLER, FOR_A_HEARTBEAT, FOR_A_PUSH, Patience
from shared.aws.dispatch import SqsDispatch
from shared.aws.init import prepare
from shared.aws.sealing import Seal
from shared.domain.clock import SystemClock
from shared.domain.settings import settings
from shared.rescue import Rescuer
from shared.store.ground import Ground
from shared.store.objects import Objects
from shared.store.rescuer import RescuerStore
from shared.store.table import Table

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from shared.aws.sockets import Sockets
    from shared.store.connections import Connections

clock = SystemClock()


def ground(patience: Patience = FOR_A_CALLER) -> Ground:
    """Return the base of every part of the store: the deployment's table and bucket."""
    objects = Objects(clients.Late(clients.s3), settings().bucket_name, settings().owner_key)
    return Ground(_table(patience), clock, settings(), objects)


def heartbeat_ground() -> Ground:
    """Return the base for heartbeats, with their own client and few retries."""
    return Ground(_table(FOR_A_HEARTBEAT), clock, settings())


def _table(patience: Patience) -> Table:
    return Table(clients.dynamodb(), settings().table_name, clock, patience=patience)


def push_stores() -> "tuple[Ground, Connections]":
    """Return the store for `push`: it tries each call once, and reads no objects."""
    from shared.store.connections import Connections

    client = clients.dynamodb()
    table, live = (
        Table(client, name, clock, patience=FOR_A_PUSH) for name in (settings().table_name, settings().live_table_name)
    )
    return Ground(table, clock, settings()), Connections(live, clock)


def connections() -> "Connections":
    """Return the store of open connections. The deployment must have `Live` enabled."""
    from shared.store.connections import Connections

    return Connections(Table(clients.dynamodb(), settings().live_table_name, clock), clock)


def sockets() -> "Sockets":
    """Return the sender that posts to open connections and closes them."""
    from shared.aws.sockets import Sockets

    return Sockets(clients.Late(lambda: clients.connections(settings().live_endpoint)))


def seal() -> Seal | None:
    """Return the sealer of users' provider keys; None if the deployment takes no keys."""
    return Seal(clients.Late(clients.kms), settings().kms_key_id) if settings().kms_key_id else None


def dispatch(client: "Callable[[], SQSClient] | None" = None) -> SqsDispatch:
    """Return the sender to the deployment's two queues. Without a client, it makes one when it first sends."""
    known = settings()
    sqs = client or clients.Late(clients.sqs)
    return SqsDispatch(sqs, known.queue_url, known.isolated_queue_url, known.owner_key)


def load_kinds() -> None:
    """Import the enabled kinds and their models before the first event. A failing import does not stop the others."""
    prepare(*(partial(kinds.load, name) for name in kinds.names() if settings().takes(name)))


def rescuer(over: Ground) -> Rescuer:
    """Return a rescuer that knows every kind there is."""
    return Rescuer(RescuerStore(over), dispatch(), clock, settings(), kinds.names())
