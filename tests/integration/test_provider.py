"""The client against the local model server: answers, the deadline, cancellation, permission to send.

test_provider_failures_on_the_wire.py has each failed call, its code and the decision.
"""

import json
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from decimal import Decimal

import pytest

from functions.process.provider import Cancellation, Completion, Provider
from local.model_server import ModelServer
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    LeaseLostError,
    PermanentProviderError,
    ProviderError,
)
from shared.domain.generation import Usage
from tests.integration.provider_servers import KEY, Asking, wait_until


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def provider(server: ModelServer) -> Provider:
    return Provider(server.base_url)


def test_a_good_call_gives_the_whole_text_its_bill_and_its_id(server: ModelServer, provider: Provider) -> None:
    completion = Asking().of(provider)

    [call] = server.ledger.calls
    assert json.loads(completion.text)["cards"]
    assert completion.call_id == call.id
    assert completion.model == "local/cards"
    assert completion.usage == Usage(1, call.prompt_tokens, call.completion_tokens, Decimal(str(call.cost)))
    assert (call.user, call.generation, call.attempt, call.step) == ("owner-hash", "g-1", "2", "draft")


def test_progress_is_the_number_of_characters_so_far(provider: Provider) -> None:
    asking = Asking("local/stream:0.3")
    text = asking.of(provider).text
    assert len(asking.progress) > 1
    assert asking.progress == sorted(set(asking.progress))
    assert asking.progress[-1] == len(text)


@pytest.mark.parametrize("model", ["local/length", "local/filter", "local/refuse", "local/empty", "local/utf8"])
def test_a_failed_call_keeps_the_bill_it_was_sent(server: ModelServer, provider: Provider, model: str) -> None:
    asking = Asking(model)
    with pytest.raises(ProviderError) as caught:
        asking.of(provider)
    [call] = server.ledger.calls
    usage = caught.value.usage
    assert usage is not None
    assert (usage.calls, usage.prompt_tokens, usage.cost_usd) == (1, call.prompt_tokens, Decimal(str(call.cost)))
    assert (asking.record.call_id, asking.record.status) == (call.id, 200)


def test_what_a_server_leaves_out_is_tolerated(provider: Provider) -> None:
    assert Asking("local/no_usage").of(provider).usage == Usage(calls=1)
    assert Asking("local/no_cost").of(provider).usage.cost_usd == 0
    assert Asking("local/no_cost").of(provider).usage.prompt_tokens > 0
    assert Asking("local/no_id").of(provider).call_id is None


@pytest.mark.parametrize("model", ["local/drip", "local/hang", "local/silent", "local/stream:600"])
def test_a_stream_that_never_ends_ends_at_the_deadline(provider: Provider, model: str) -> None:
    asking, started = Asking(model, seconds=0.5), time.monotonic()
    with pytest.raises(CallDeadlineExceededError) as caught:
        asking.of(provider)
    assert 0.5 <= time.monotonic() - started < 20
    assert caught.value.code == "provider_timeout"


def test_comments_are_not_progress(provider: Provider) -> None:
    asking = Asking("local/drip", seconds=0.5)
    with pytest.raises(CallDeadlineExceededError):
        asking.of(provider)
    assert asking.progress == []


@pytest.mark.parametrize("model", ["local/drip", "local/silent", "local/stream:600"])
def test_a_cancellation_closes_the_stream_at_once(server: ModelServer, provider: Provider, model: str) -> None:
    asking, ended = Asking(model, seconds=120), []

    def call() -> None:
        with pytest.raises(CallCanceledError):
            asking.of(provider)
        ended.append(time.monotonic())

    thread = threading.Thread(target=call)
    thread.start()
    wait_until(lambda: len(server.ledger.calls) == 1, "the call at the server")
    cancelled = time.monotonic()
    asking.cancellation.cancel()
    thread.join(30)
    assert ended
    assert ended[0] - cancelled < 10
    wait_until(lambda: server.ledger.calls[0].outcome == "client_closed", "the close at the server")


def test_without_leave_nothing_is_sent_and_the_reason_passes_through(server: ModelServer, provider: Provider) -> None:
    for reason in (LeaseLostError("not mine"), TimeoutError("the store's own")):

        def refuse(reason: Exception = reason) -> None:
            raise reason

        with pytest.raises(type(reason)) as caught:
            Asking(may_send=refuse).of(provider)
        assert caught.value is reason
    assert server.ledger.calls == []


def test_a_call_canceled_while_it_asks_for_leave_is_not_sent(server: ModelServer, provider: Provider) -> None:
    cancellation = Cancellation()
    with pytest.raises(CallCanceledError):
        Asking(cancellation=cancellation, may_send=cancellation.cancel).of(provider)
    assert server.ledger.calls == []


def test_leave_that_comes_after_the_deadline_is_not_used(server: ModelServer, provider: Provider) -> None:
    def slow_leave() -> None:
        asked_at = time.monotonic()
        wait_until(lambda: time.monotonic() > asked_at + 1.0, "the deadline, which is sooner than this")

    with pytest.raises(CallDeadlineExceededError):
        Asking(may_send=slow_leave, seconds=1.0).of(provider)
    assert server.ledger.calls == []


def test_an_error_in_the_progress_report_ends_the_call(server: ModelServer, provider: Provider) -> None:
    class Reporting(list[int]):
        def append(self, characters: int) -> None:
            raise LeaseLostError(str(characters))

    with pytest.raises(LeaseLostError):
        Asking("local/stream:20", progress=Reporting()).of(provider)
    wait_until(lambda: server.ledger.calls[0].outcome == "client_closed", "the close at the server")


def test_ten_calls_run_side_by_side_through_one_client(server: ModelServer, provider: Provider) -> None:
    together = threading.Barrier(10)
    completions: list[Completion] = []

    def stand_at_the_door() -> None:
        # Open only when all ten are there: calls that wait for one another would never get through.
        together.wait(30)

    def call() -> None:
        completions.append(Asking(may_send=stand_at_the_door).of(provider))

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({completion.call_id for completion in completions}) == 10
    assert len(server.ledger.calls) == 10


@pytest.mark.parametrize(
    "model", ["local/status:400", "local/cut", "local/error_in_stream", "local/utf8", "local/hang"]
)
def test_the_key_is_in_no_log_and_no_error(provider: Provider, caplog: pytest.LogCaptureFixture, model: str) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ProviderError) as caught:
        Asking(model, seconds=1).of(provider)
    shown = caplog.text + "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert KEY not in shown
    # An error of the HTTP library would hold the request, and with it the key.
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert len(caught.value.message) <= 100


def test_a_key_that_no_header_can_hold_is_refused_unsent(server: ModelServer, provider: Provider) -> None:
    asking = Asking(key="sk-\u00fcber geheim")
    with pytest.raises(PermanentProviderError) as caught:
        asking.of(provider)
    assert caught.value.code == "provider_key_refused"
    assert "geheim" not in "".join(traceback.format_exception(caught.value))
    assert (asking.asked, server.ledger.calls) == (0, [])
