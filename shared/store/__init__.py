"""The only writer of DynamoDB and S3: one method for each row of the transition table, and the reads beside them.

Each of its modules serves one kind of caller; `Store` is all of them over one table.
"""

from shared.store.admission import Admission, AdmissionWrites, Admitted
from shared.store.billing import BillWrites
from shared.store.erasure import ErasureWrites
from shared.store.feed import FeedReads
from shared.store.objects import Objects
from shared.store.owner import OwnerWrites
from shared.store.reads import Reads
from shared.store.rescuer import RescuerWrites
from shared.store.review import ReviewWrites
from shared.store.succession import SuccessionWrites
from shared.store.sweeps import SweepMark, SweepMarks
from shared.store.table import Table
from shared.store.timeline import TimelineWrites
from shared.store.user_key import UserKeyReads
from shared.store.worker import WorkerWrites

__all__ = ["Admission", "Admitted", "Objects", "Reads", "Store", "SweepMark", "Table"]


class Store(
    SuccessionWrites,
    AdmissionWrites,
    OwnerWrites,
    ReviewWrites,
    WorkerWrites,
    BillWrites,
    RescuerWrites,
    TimelineWrites,
    FeedReads,
    UserKeyReads,
    ErasureWrites,
    SweepMarks,
):
    """The whole store. Safe to use from several threads, as the client under it is."""

    __slots__ = ()
