"""Builds from the settings what the handlers hand to their services; nothing else in `shared` imports it."""

from shared import kinds
from shared.aws import clients
from shared.aws.dispatch import SqsDispatch
from shared.aws.sealing import Seal
from shared.domain.clock import SystemClock
from shared.domain.settings import settings
from shared.rescue import Rescuer
from shared.store.ground import Ground
from shared.store.objects import Objects
from shared.store.rescuer import RescuerStore
from shared.store.table import Table

clock = SystemClock()


def ground() -> Ground:
    """Return what each part of the store is made with: the deployment's table and bucket."""
    objects = Objects(clients.Late(clients.s3), settings().bucket_name, settings().owner_key)
    return Ground(Table(clients.dynamodb(), settings().table_name, clock), clock, settings(), objects)


def heartbeat_ground() -> Ground:
    """Return it for heartbeats alone: each write is tried once, since the next beat is the better retry."""
    return Ground(Table(clients.dynamodb_for_heartbeats(), settings().table_name, clock), clock, settings())


def seal() -> Seal | None:
    """Return what seals users' own provider keys; None where the deployment takes none."""
    return Seal(clients.Late(clients.kms), settings().kms_key_id) if settings().kms_key_id else None


def dispatch() -> SqsDispatch:
    """Return the sender to the deployment's two queues."""
    known = settings()
    return SqsDispatch(clients.Late(clients.sqs), known.queue_url, known.isolated_queue_url, known.owner_key)


def rescuer(over: Ground) -> Rescuer:
    """Return a rescuer that knows every kind there is."""
    return Rescuer(RescuerStore(over), dispatch(), clock, settings(), kinds.names())
