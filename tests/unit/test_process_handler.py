"""The batch: a thread for each record, exactly the failed ones back, one line of metrics."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from functions.process import handler as process
from functions.process.ending import Ending, Handled
from shared import wiring
from shared.aws.dispatch import DispatchFailedError, QueueMessage
from shared.domain.errors import MessageRefusedError, StoreUnavailableError
from shared.domain.generation import Generation
from shared.domain.states import Status
from tests.factories import SETTINGS, an_end
from tests.unit.emf import metrics_of, series_of


@dataclass
class ScriptedWorker:
    """Does with each generation what the script says by its id; all else succeeds."""

    script: dict[str, Callable[[], Handled]] = field(default_factory=dict)
    handled: list[QueueMessage] = field(default_factory=list)
    handovers: list[float] = field(default_factory=list)

    def handle(self, message: QueueMessage, handover_at: float) -> Handled:
        self.handled.append(message)
        self.handovers.append(handover_at)
        return self.script.get(message.generation_id, lambda: Handled(Ending.SUCCEEDED, an_end()))()


class Context:
    """Lambda's context of an invocation that may still take 300 s."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> ScriptedWorker:
    scripted = ScriptedWorker()
    monkeypatch.setattr(process, "_worker", lambda: scripted)
    monkeypatch.setattr(process, "settings", lambda: SETTINGS)
    return scripted


def record(name: str) -> dict[str, Any]:
    return {"messageId": f"m-{name}", "body": QueueMessage("alice", name, 1).to_json()}


def batch(*records: dict[str, Any]) -> dict[str, Any]:
    return {"Records": list(records)}


def raising(error: BaseException) -> Callable[[], Handled]:
    def fail() -> Handled:
        raise error

    return fail


def ending(how: Ending, ended: Generation | None = None, billed: str = "0") -> Callable[[], Handled]:
    return lambda: Handled(how, ended, Decimal(billed))


def failed(answer: dict[str, Any]) -> list[str]:
    return sorted(failure["itemIdentifier"] for failure in answer["batchItemFailures"])


def test_a_batch_that_is_done_sends_nothing_back(worker: ScriptedWorker) -> None:
    assert process.handler(batch(record("a"), record("b")), Context()) == {"batchItemFailures": []}
    assert {message.generation_id for message in worker.handled} == {"a", "b"}


def test_exactly_the_records_that_failed_go_back_by_the_ids_of_the_event(worker: ScriptedWorker) -> None:
    worker.script = {
        "b": raising(StoreUnavailableError("ThrottlingException")),
        "c": ending(Ending.FAILED),
        "d": raising(MessageRefusedError("newer")),
        "e": raising(ZeroDivisionError("surprise")),
        "g": raising(DispatchFailedError("AccessDenied")),
    }
    answer = process.handler(batch(*(record(name) for name in "abcdefg")), Context())
    assert failed(answer) == ["m-b", "m-d", "m-e", "m-g"]


class PanicError(BaseException):
    """As a library in Rust raises it."""


@pytest.mark.parametrize("error", [PanicError(), KeyboardInterrupt(), GeneratorExit(), SystemExit(1)])
def test_no_exception_of_one_record_sends_its_neighbours_back(worker: ScriptedWorker, error: BaseException) -> None:
    worker.script = {"a": raising(error)}
    answer = process.handler(batch(*(record(name) for name in "abc")), Context())
    assert failed(answer) == ["m-a"]
    assert len(worker.handled) == 3


@pytest.mark.parametrize("body", ["", "no JSON", "{}", "[" * 100_000, json.dumps({"v": 2})])
def test_a_record_that_cannot_be_read_goes_back_and_its_neighbours_do_not(worker: ScriptedWorker, body: str) -> None:
    answer = process.handler(batch(record("a"), {"messageId": "m-x", "body": body}, record("b")), Context())
    assert failed(answer) == ["m-x"]
    assert len(worker.handled) == 2


def test_an_empty_batch_is_nothing_to_do(worker: ScriptedWorker, capsys: pytest.CaptureFixture[str]) -> None:
    assert process.handler(batch(), Context()) == {"batchItemFailures": []}
    assert (worker.handled, capsys.readouterr().out) == ([], "")


def test_the_records_of_a_batch_are_worked_on_side_by_side(worker: ScriptedWorker) -> None:
    together = threading.Barrier(10)

    def meet() -> Handled:
        together.wait(30)
        return Handled(Ending.SUCCEEDED)

    worker.script = dict.fromkeys("abcdefghij", meet)
    assert failed(process.handler(batch(*(record(name) for name in "abcdefghij")), Context())) == []


@pytest.mark.usefixtures("worker")
def test_every_thread_has_ended_when_the_answer_is_given() -> None:
    before = set(threading.enumerate())
    process.handler(batch(record("a"), record("b")), Context())
    assert set(threading.enumerate()) == before


def test_work_is_handed_over_the_margin_before_the_invocation_ends(worker: ScriptedWorker) -> None:
    before = wiring.clock.monotonic()
    process.handler(batch(record("a")), Context())
    (handover_at,) = worker.handovers
    assert before + 285 <= handover_at <= wiring.clock.monotonic() + 285


def test_a_batch_is_measured_in_one_line(worker: ScriptedWorker, capsys: pytest.CaptureFixture[str]) -> None:
    worker.script = {
        "c": ending(Ending.FAILED, an_end(Status.FAILED, after=7, waited=2, cost="0.002", attempt=4)),
        "d": ending(Ending.RELEASED),
        "e": ending(Ending.LEASE_LOST, billed="0.0005"),
        "f": ending(Ending.PASSED_OVER),
        "g": raising(ZeroDivisionError("surprise")),
    }
    process.handler(batch(*(record(name) for name in "abcdefg")), Context())
    assert metrics_of(capsys.readouterr().out) == {
        "Succeeded": [2],
        "Failed": [1],
        "Failures": [1],
        "Released": [1],
        "LeasesLost": [1],
        "LatencySeconds": [3.5, 3.5, 7],
        "PendingSeconds": [0.25, 0.25, 2],
        "Attempts": [1, 1, 4],
        "SpentUsd": [pytest.approx(0.0225)],
        "Errors": [1],
    }


def test_what_ended_is_told_though_its_neighbours_go_back_and_not_again_when_they_return(
    worker: ScriptedWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    worker.script = {
        "b": raising(StoreUnavailableError("ThrottlingException")),
        "c": ending(Ending.SUCCEEDED, an_end(kind="story")),
    }
    failed_once = process.handler(batch(record("a"), record("b"), record("c")), Context())
    worker.script = {}
    process.handler(batch(*(record(name.removeprefix("m-")) for name in failed(failed_once))), Context())
    found = series_of(capsys.readouterr().out)
    assert sum(found["service=unstuck", "Succeeded"]) == 3
    assert found["service=unstuck", "Errors"] == [1]
    assert found["Kind=flashcards", "LatencySeconds"] == [3.5, 3.5]
    assert found["Kind=story", "LatencySeconds"] == [3.5]
