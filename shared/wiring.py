"""Builds from the settings what the handlers hand to their services; nothing else in `shared` imports it."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from shared import kinds
from shared.aws import clients
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

clock = SystemClock()


def ground() -> Ground:
    """Return what each part of the store is made with: the deployment's table and bucket."""
    objects = Objects(clients.Late(clients.s3), settings().bucket_name)
    return Ground(Table(clients.dynamodb(), settings().table_name, clock), clock, settings(), objects)


def heartbeat_ground() -> Ground:
    """Return it for heartbeats alone: each write is tried once, since the next beat is the better retry."""
    return Ground(Table(clients.dynamodb_for_heartbeats(), settings().table_name, clock), clock, settings())


def seal() -> Seal | None:
    """Return what seals users' own provider keys; None where the deployment takes none."""
    return Seal(clients.Late(clients.kms), settings().kms_key_id) if settings().kms_key_id else None


def dispatch(client: "Callable[[], SQSClient] | None" = None) -> SqsDispatch:
    """Return the sender to the deployment's two queues; without a client it makes one when it sends."""
    return SqsDispatch(client or clients.Late(clients.sqs), settings().queue_url, settings().isolated_queue_url)


def load_kinds() -> None:
    """Import the kinds that may be created, and their models, before the first event; one that fails stops no other."""
    prepare(*(partial(kinds.load, name) for name in kinds.names() if settings().takes(name)))


def rescuer(over: Ground) -> Rescuer:
    """Return a rescuer that knows every kind there is."""
    return Rescuer(RescuerStore(over), dispatch(), clock, settings(), kinds.names())
