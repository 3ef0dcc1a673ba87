"""What every attempt of a worker works with, and what it asks of whatever calls the model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from functions.process.provider import Cancellation, Completion, ModelRequest
from shared.clock import Clock
from shared.config import Settings
from shared.store import Store


class Model(Protocol):
    """What calls the model; see `provider.Provider.complete`."""

    def complete(
        self,
        request: ModelRequest,
        *,
        api_key: str,
        deadline: float,
        may_send: Callable[[], None],
        cancellation: Cancellation,
        on_text: Callable[[int], None],
    ) -> Completion: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every attempt of a worker works with."""

    store: Store
    heartbeats: Store
    model: Model
    api_key: Callable[[], str]
    clock: Clock
    settings: Settings
