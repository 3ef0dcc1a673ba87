"""Builds from the settings what the handlers hand to their services; nothing else in `shared` imports it."""

# Live connections are a few calls' and two functions': no other cold start waits for their imports.
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
    """Return what each part of the store is made with: the deployment's table and bucket."""
    objects = Objects(clients.Late(clients.s3), settings().bucket_name, settings().owner_key)
    return Ground(_table(patience), clock, settings(), objects)


def heartbeat_ground() -> Ground:
    """Return it for heartbeats alone, with a client of their own and little patience."""
    return Ground(_table(FOR_A_HEARTBEAT), clock, settings())


def _table(patience: Patience) -> Table:
    return Table(clients.dynamodb(), settings().table_name, clock, patience=patience)


def push_stores() -> "tuple[Ground, Connections]":
    """Return what `push` reads: each call is tried once, and no object is ever read."""
    from shared.store.connections import Connections

    client = clients.dynamodb()
    table, live = (
        Table(client, name, clock, patience=FOR_A_PUSH) for name in (settings().table_name, settings().live_table_name)
    )
    return Ground(table, clock, settings()), Connections(live, clock)


def connections() -> "Connections":
    """Return the open connections of the deployment, which must have some (`Live`)."""
    from shared.store.connections import Connections

    return Connections(Table(clients.dynamodb(), settings().live_table_name, clock), clock)


def sockets() -> "Sockets":
    """Return what posts to the open connections, and closes them."""
    from shared.aws.sockets import Sockets

    return Sockets(clients.Late(lambda: clients.connections(settings().live_endpoint)))


def seal() -> Seal | None:
    """Return what seals users' own provider keys; None where the deployment takes none."""
    return Seal(clients.Late(clients.kms), settings().kms_key_id) if settings().kms_key_id else None


def dispatch(client: "Callable[[], SQSClient] | None" = None) -> SqsDispatch:
    """Return the sender to the deployment's two queues; without a client it makes one when it sends."""
    known = settings()
    sqs = client or clients.Late(clients.sqs)
    return SqsDispatch(sqs, known.queue_url, known.isolated_queue_url, known.owner_key)


def load_kinds() -> None:
    """Import the kinds that may be created, and their models, before the first event; one that fails stops no other."""
    prepare(*(partial(kinds.load, name) for name in kinds.names() if settings().takes(name)))


def rescuer(over: Ground) -> Rescuer:
    """Return a rescuer that knows every kind there is."""
    return Rescuer(RescuerStore(over), dispatch(), clock, settings(), kinds.names())
