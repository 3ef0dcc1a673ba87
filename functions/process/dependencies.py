"""What every attempt of a worker works with, and what it asks of whatever calls the model."""

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
    """What calls the model; see `provider.Provider.complete`."""

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
    """What every attempt of a worker works with."""

    store: WorkerStore
    heartbeats: WorkerStore
    model: Model
    api_key: Callable[[], str]
    """The service's own key for the model."""
    user_key: Callable[[Generation], str]
    """The key that the owner of a generation gave for it."""
    clock: Clock
    settings: Settings
    sleep: Callable[[float], None]
    """Waits for so many seconds, without a beat of the heart."""
    partials: "Callable[[Generation], Partials] | None" = None
    """What shows an attempt's owner the text while it is written; None where the deployment has no live connections."""
