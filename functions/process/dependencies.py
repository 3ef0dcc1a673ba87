"""The dependencies of a worker's attempts, and the protocol of the model's client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from functions.process.provider import CallRecord, Cancellation, Completion, ModelRequest
from shared.domain.clock import Clock
from shared.domain.generation import Generation, Usage
from shared.domain.settings import Settings
from shared.store.worker import WorkerStore

if TYPE_CHECKING:
    from functions.process.partials import Partials


class Model(Protocol):
    """The model's client; see `provider.Provider.complete`."""

    @property
    def takes_key(self) -> bool: ...

    def complete(
        self,
        request: ModelRequest,
        *,
        api_key: str,
        deadline: float,
        may_send: Callable[[], None],
        cancellation: Cancellation,
        on_text: Callable[[int], None],
        on_bill_id: Callable[[str], None],
        record: CallRecord,
        on_words: Callable[[str], None] | None = None,
    ) -> Completion: ...

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None: ...


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The dependencies of every attempt."""

    store: WorkerStore
    heartbeats: WorkerStore
    model: Model
    api_key: Callable[[], str]
    """The service's own provider key."""
    user_key: Callable[[Generation], str]
    """The provider key that a generation's owner sent."""
    clock: Clock
    settings: Settings
    sleep: Callable[[float], None]
    """Waits for this many seconds, without a heartbeat."""
    partials: "Callable[[Generation], Partials] | None" = None
    """Shows the owner the text while the model writes it; None if the deployment has no live connections."""
