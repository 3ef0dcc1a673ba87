"""Builds from the settings what the handlers hand to their services; nothing else in `shared` imports it."""

from shared import kinds
from shared.aws import clients
from shared.aws.dispatch import SqsDispatch
from shared.aws.sealing import Seal
from shared.domain.clock import SystemClock
from shared.domain.settings import settings
from shared.rescue import Rescuer
from shared.store.objects import Objects
from shared.store.reads import Base
from shared.store.rescuer import RescuerStore
from shared.store.table import Table

clock = SystemClock()


def store[Part: Base](part: type[Part]) -> Part:
    """Return a part of the store, or the whole, over the deployment's table and bucket."""
    objects = Objects(clients.Late(clients.s3), settings().bucket_name)
    return part(Table(clients.dynamodb(), settings().table_name, clock), clock, settings(), objects)


def heartbeat_store[Part: Base](part: type[Part]) -> Part:
    """Return it for heartbeats alone: each write is tried once, since the next beat is the better retry."""
    return part(Table(clients.dynamodb_for_heartbeats(), settings().table_name, clock), clock, settings())


def seal() -> Seal | None:
    """Return what seals users' own provider keys; None where the deployment takes none."""
    return Seal(clients.Late(clients.kms), settings().kms_key_id) if settings().kms_key_id else None


def dispatch() -> SqsDispatch:
    """Return the sender to the deployment's two queues."""
    return SqsDispatch(clients.Late(clients.sqs), settings().queue_url, settings().isolated_queue_url)


def rescuer(over: RescuerStore) -> Rescuer:
    """Return a rescuer that knows every kind there is."""
    return Rescuer(over, dispatch(), clock, settings(), kinds.names())
