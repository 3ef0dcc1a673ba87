"""A worker over moto's store that calls the real local model server over real sockets."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

from functions.process.ending import Handled
from functions.process.provider import Completion, ModelRequest, Provider
from local.model_server import ModelServer
from shared.aws.dispatch import QueueMessage
from shared.domain.generation import Generation, Usage
from shared.domain.model_prices import ModelPrice
from tests.factories import FakeClock, a_generation, an_input
from tests.integration.worker_rig import NEVER, Rig


@dataclass
class OnTheWire:
    """The real client under a fixed clock: deadlines are that many real seconds away. Keeps the requests."""

    provider: Provider
    clock: FakeClock
    requests: list[ModelRequest]

    @property
    def takes_key(self) -> bool:
        return self.provider.takes_key

    def complete(self, request: ModelRequest, *, deadline: float, **given: Any) -> Completion:
        self.requests.append(request)
        left = deadline - self.clock.monotonic()
        return self.provider.complete(request, deadline=time.monotonic() + left, **given)

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None:
        left = deadline - self.clock.monotonic()
        return self.provider.bill(bill_id, api_key=api_key, deadline=time.monotonic() + left)


@dataclass
class WireRig:
    """A rig whose worker calls `server`, and what it asked of it."""

    rig: Rig
    server: ModelServer
    requests: list[ModelRequest]

    def run(self, model: str, text: str) -> tuple[Handled, Generation]:
        """Have cards made of `text` by `model`; return what became of it and the head afterwards."""
        head = self.rig.store.admission.create(a_generation(self.rig.clock), replace(an_input(text), model=model))
        handled = self.handle(head)
        return handled, self.rig.read(head)

    def handle(self, head: Generation) -> Handled:
        """Handle the generation's message, as one of its attempts."""
        worker = self.rig.worker()
        provider = Provider(self.server.base_url, protocol="openrouter")
        dependencies = replace(worker.dependencies, model=OnTheWire(provider, self.rig.clock, self.requests))
        return replace(worker, dependencies=dependencies).handle(
            QueueMessage(head.user_id, head.generation_id, head.fence), NEVER
        )

    def cards(self, head: Generation) -> list[dict[str, str]]:
        """The cards of a generation that succeeded."""
        (step,) = self.rig.steps(head)
        suggestions: list[dict[str, str]] = step.result["suggestions"]
        return suggestions


@dataclass
class Served:
    """A worker of `rig` that calls whatever listens at `base_url`; one process, whose client remembers."""

    rig: Rig
    base_url: str
    protocol: str = "auto"
    prices: tuple[ModelPrice, ...] = ()
    requests: list[ModelRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider = Provider(self.base_url, protocol=self.protocol, prices=self.prices)

    def handle(self, head: Generation) -> Handled:
        """Handle the generation's message, as one of its attempts."""
        worker = self.rig.worker()
        dependencies = replace(worker.dependencies, model=OnTheWire(self.provider, self.rig.clock, self.requests))
        message = QueueMessage(head.user_id, head.generation_id, head.fence)
        return replace(worker, dependencies=dependencies).handle(message, NEVER)
