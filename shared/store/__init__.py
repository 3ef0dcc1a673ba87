"""The only writer of DynamoDB: one method for each row of the transition table, and the reads beside them.

Each of its modules serves one kind of caller; `Store` is all of them over one table.
"""

from shared.store.owner import OwnerWrites
from shared.store.reads import Reads
from shared.store.rescuer import RescuerWrites
from shared.store.table import Table
from shared.store.timeline import TimelineWrites
from shared.store.worker import WorkerWrites

__all__ = ["Reads", "Store", "Table"]


class Store(OwnerWrites, WorkerWrites, RescuerWrites, TimelineWrites):
    """The whole store. Safe to use from several threads, as the client under it is."""

    __slots__ = ()
