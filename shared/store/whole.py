"""All parts of the store in one class, for the operator's tools and for tests."""

from shared.store.admission import AdmissionStore
from shared.store.ending import EndingStore
from shared.store.erasure import ErasureStore
from shared.store.ground import Ground
from shared.store.pictures import PictureStore
from shared.store.quota import QuotaReader
from shared.store.reads import Reader
from shared.store.rescuer import RescuerStore
from shared.store.retry import RetryStore
from shared.store.review import ReviewStore
from shared.store.sweeps import SweepMarks
from shared.store.timeline import Timeline
from shared.store.worker import WorkerStore


class Store:
    """Each part by its name. Safe to use from several threads, as the client under it is."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.reads, self.timeline, self.pictures = Reader(ground), Timeline(ground), PictureStore(ground)
        self.admission, self.retries, self.endings = AdmissionStore(ground), RetryStore(ground), EndingStore(ground)
        self.worker, self.rescuer, self.sweeps = WorkerStore(ground), RescuerStore(ground), SweepMarks(ground)
        self.reviews, self.quota, self.erasure = ReviewStore(ground), QuotaReader(ground), ErasureStore(ground)
