"""All parts of the store in one."""

from shared.store.admission import AdmissionWrites
from shared.store.ending import EndingWrites
from shared.store.erasure import ErasureWrites
from shared.store.feed import FeedReads
from shared.store.retry import RetryWrites
from shared.store.review import ReviewWrites
from shared.store.sweeps import SweeperStore
from shared.store.worker import WorkerStore


class Store(
    RetryWrites,
    AdmissionWrites,
    EndingWrites,
    ReviewWrites,
    WorkerStore,
    FeedReads,
    ErasureWrites,
    SweeperStore,
):
    """The whole store. Safe to use from several threads, as the client under it is."""

    __slots__ = ()
