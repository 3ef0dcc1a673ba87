"""Pushes a generation's new state to the owner's open connections. Reads the current state, and changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.aws.logs import logger
from shared.aws.sockets import Sockets
from shared.domain.clock import Clock
from shared.domain.errors import (
    ConnectionGoneError,
    NotPostedError,
    StoreRefusedError,
    StoreUnavailableError,
    UnreadableError,
)
from shared.domain.generation import GenerationKey
from shared.domain.settings import Settings
from shared.store.connections import Connection, Connections
from shared.store.damage import reading
from shared.store.reads import Reader
from shared.view.frames import generation_frame

type Changed = Mapping[str, Sequence[str]]
"""The ids of generations whose heads have changed, by owner."""

BUDGET_SECONDS = 8.0
"""After this time, nothing more of a batch is started: clients without a push poll, and other batches wait."""
_THREADS = 16


@dataclass(frozen=True, slots=True)
class Push:
    """Safe to use from several threads. One owner's failure does not affect others."""

    reads: Reader
    connections: Connections
    sockets: Sockets
    clock: Clock
    settings: Settings

    def tell(self, changed: Changed) -> Counter[str]:
        """Push all changes. Returns the failures, counted by code."""
        until = self.clock.monotonic() + BUDGET_SECONDS
        if not changed:
            return Counter()
        with ThreadPoolExecutor(max_workers=min(_THREADS, len(changed))) as pool:
            return sum(pool.map(lambda owner: self._tell_safely(owner, changed[owner], until), changed), Counter())

    def _tell_safely(self, owner: str, ids: Sequence[str], until: float) -> Counter[str]:
        failed = Counter[str]()
        try:
            self._tell(owner, ids, until, failed)
        except (StoreUnavailableError, StoreRefusedError) as error:
            failed[str(error)] += 1
        except Exception:  # noqa: BLE001 - for any error: the other owners of the batch still get their pushes
            logger().exception("unexpected error")
            failed["unexpected"] += 1
        return failed

    def _tell(self, owner: str, ids: Sequence[str], until: float, failed: Counter[str]) -> None:
        listeners = self.connections.of(owner)
        for generation_id in ids if listeners else ():
            if self.clock.monotonic() >= until:
                failed["too_late"] += 1
                return
            message = self._message(GenerationKey(owner, generation_id), failed)
            if message is not None:
                listeners = [each for each in listeners if self._post(each, message, until, failed)]

    def _message(self, key: GenerationKey, failed: Counter[str]) -> bytes | None:
        try:
            head = self.reads.get(key)
            with reading():
                return None if head is None else generation_frame(head, self.clock.now(), self.settings)
        except UnreadableError as error:
            failed[type(error).__name__] += 1
            return None

    def _post(self, connection: Connection, message: bytes, until: float, failed: Counter[str]) -> bool:
        """Return whether the connection may get more pushes in this batch."""
        if self.clock.monotonic() >= until:
            failed["too_late"] += 1
            return False
        try:
            self.sockets.post(connection.connection_id, message)
        except ConnectionGoneError:
            # API Gateway also reports a connection as gone while its handshake runs. If it were deleted, it would never
            # get a push.
            if not self.connections.is_young(connection):
                self.connections.close(connection.owner, connection.connection_id)
            return False
        except NotPostedError as error:
            failed[str(error)] += 1
            return False
        return True
