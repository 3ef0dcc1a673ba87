"""A worker over moto's store, with a model that answers as a script says and a clock that a test turns."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from functions.process.dependencies import Dependencies
from functions.process.ending import Handled
from functions.process.key import UserKeys
from functions.process.provider import CallRecord, Cancellation, Completion, ModelRequest
from functions.process.worker import Worker
from shared import kinds
from shared.aws.dispatch import QueueMessage
from shared.aws.sealing import Seal
from shared.domain.generation import Called, Event, Generation, StoredStep, Usage
from shared.domain.settings import Settings
from shared.kinds.contract import Catalog
from shared.store.whole import Store
from shared.store.worker import WorkerStore
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, an_input

KINDS = ("flashcards",)
NEVER = float("inf")
CARDS = {"suggestions": [{"front": "What is a cell?", "back": "The smallest unit of life."}]}
PAID = Usage(1, 100, 50, Decimal("0.01"))


@dataclass
class Call:
    """One call as the model sees it, with all of its parts."""

    request: ModelRequest
    api_key: str
    deadline: float
    may_send: Callable[[], None]
    cancellation: Cancellation
    on_text: Callable[[int], None]
    on_bill_id: Callable[[str], None]
    record: CallRecord
    on_words: Callable[[str], None] | None = None


Turn = Callable[[Call], Completion]


def answering(value: Any = CARDS, usage: Usage = PAID, call_id: str = "gen-1") -> Turn:
    """Answer with `value` as JSON, or unchanged if it is a text."""
    text = value if isinstance(value, str) else json.dumps(value)

    def answer(call: Call) -> Completion:
        call.record.called(call_id)
        return Completion(text, call_id, call.request.model, usage)

    return answer


class WorkerDiedError(BaseException):
    """Ends a worker as SIGKILL would: none of its code runs any more."""


def raising(error: BaseException) -> Turn:
    def fail(_call: Call) -> Completion:
        raise error

    return fail


def then(act: Callable[[Call], object], turn: Turn | None = None) -> Turn:
    """Do something in the middle of the call, and then continue."""

    def both(call: Call) -> Completion:
        act(call)
        return (turn or answering())(call)

    return both


def lost_before_advance(rig: "Rig", monkeypatch: pytest.MonkeyPatch, turn: Turn) -> Generation:
    """Have a worker store the story's first step, die before the head counts it, and be given up by a rescuer."""

    def dies(*_given: object) -> NoReturn:
        raise WorkerDiedError

    head = rig.pending(kind="story")
    with monkeypatch.context() as patched:
        patched.setattr(WorkerStore, "advance", dies)
        rig.script(turn)
        with pytest.raises(WorkerDiedError):
            rig.handle(head)
    return rig.lost(head)


def spent_usd(handled: Handled) -> Decimal:
    """The spend of the deployment's money, as operators see it."""
    ended = handled.ended
    return handled.billed_usd + (Decimal(0) if ended is None or ended.own_key else ended.usage.cost_usd)


def telling(bill_id: str, turn: Turn) -> Turn:
    """Put the id for the final bill into the server's headers, and then continue."""
    return then(lambda call: call.on_bill_id(bill_id), turn)


@dataclass
class ScriptedModel:
    """Asks for leave as the real one does, then plays the next turn; a call beyond the script fails the test."""

    turns: deque[Turn] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    bills: dict[str, Usage] = field(default_factory=dict)
    """The server's later answer to the cost of a call, by the id that `telling` gave it."""
    asked: list[tuple[str, str, float]] = field(default_factory=list)
    """Each question for a bill: the id, the key and the deadline."""
    takes_key: bool = True

    def complete(self, request: ModelRequest, **given: Any) -> Completion:
        call = Call(request, **given)
        turn = self.turns.popleft()
        call.may_send()
        self.calls.append(call)
        return turn(call)

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None:
        self.asked.append((bill_id, api_key, deadline))
        return self.bills.get(bill_id)


@dataclass
class Rig:
    """The needs of a worker's test: heads in the right state, a worker, and the results."""

    store: Store
    clock: FakeClock
    settings: Settings = SETTINGS
    dispatch: RecordingDispatch = field(default_factory=RecordingDispatch)
    model: ScriptedModel = field(default_factory=ScriptedModel)
    api_key: Callable[[], str] = lambda: "sk-made-up"
    seal: Seal | None = None
    kinds: Catalog = field(default_factory=lambda: Catalog(kinds.names, kinds.load))

    def script(self, *turns: Turn) -> None:
        self.model.turns.extend(turns)

    def pending(self, **changes: Any) -> Generation:
        return self.store.admission.create(a_generation(self.clock, **changes), an_input())

    def claimed(self, head: Generation) -> Generation:
        """Have another worker hold it."""
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), (head.kind,))

    def lost(self, head: Generation) -> Generation:
        """Have that worker die, and its generation given back."""
        self.clock.pass_seconds(self.settings.lease_seconds)
        return self.store.rescuer.give_back(self.read(head), None)

    def worker(self) -> Worker:
        store = WorkerStore(self.store.ground._replace(settings=self.settings))
        user_key = UserKeys(store.user_keys, self.seal)
        dependencies = Dependencies(
            store, store, self.model, self.api_key, user_key, self.clock, self.settings, self.clock.pass_seconds
        )
        return Worker(dependencies, self.dispatch, "2026/01/01/[$LATEST]0123456789abcdef", self.kinds)

    def handle(self, head: Generation, handover_at: float = NEVER) -> Handled:
        return self.worker().handle(QueueMessage(head.user_id, head.generation_id, head.fence), handover_at)

    def run(self, head: Generation, *turns: Turn) -> tuple[Handled, Generation]:
        """Handle its message with the model playing `turns`, all of them; return that and the head afterwards."""
        self.script(*turns)
        handled = self.handle(head)
        assert not self.model.turns, "the model was called less often than the script says"
        return handled, self.read(head)

    def read(self, head: Generation) -> Generation:
        found = self.store.reads.get(head.key)
        assert found is not None
        return found

    def steps(self, head: Generation) -> list[StoredStep]:
        return self.store.reads.get_steps(head.key)

    def events(self, head: Generation) -> list[Event]:
        return self.store.timeline.get_events(head.key)

    def after(self, seconds: float) -> Any:
        return self.clock.now() + timedelta(seconds=seconds)
