"""Tells an owner's open connections what has become of a generation. Reads it as it now is, and changes nothing."""

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
"""After this nothing more of a batch is begun: those who are not told look by themselves, and others wait behind it."""
_THREADS = 16


@dataclass(frozen=True, slots=True)
class Push:
    """Safe to use from several threads. One owner's failure is no other's."""

    reads: Reader
    connections: Connections
    sockets: Sockets
    clock: Clock
    settings: Settings

    def tell(self, changed: Changed) -> Counter[str]:
        """Tell of all that has changed; return what failed, counted by its code."""
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
        except Exception:  # noqa: BLE001 - whatever it is, the other owners of the batch are told
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
        """Return whether the connection may be told of more in this batch."""
        if self.clock.monotonic() >= until:
            failed["too_late"] += 1
            return False
        try:
            self.sockets.post(connection.connection_id, message)
        except ConnectionGoneError:
            # One whose handshake has not ended is called gone as well: forgotten, it would be deaf for good.
            if not self.connections.is_young(connection):
                self.connections.close(connection.owner, connection.connection_id)
            return False
        except NotPostedError as error:
            failed[str(error)] += 1
            return False
        return True
