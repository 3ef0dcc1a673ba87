"""With Python's garbage collection off, a failed call leaves no objects behind: no reference cycle holds them."""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from functions.process.provider import Provider
from functions.process.provider.answer import AnswerReader
from functions.process.provider.call import Call
from functions.process.provider.gate import Gate
from local.model_server import ModelServer
from shared.domain.errors import CallCanceledError, LeaseLostError, ProviderError
from tests.integration.provider_servers import Asking

HOLDING = (AnswerReader, Call, Gate, httpx.AsyncClient, httpx.Response)
"""The objects that hold sent and received data. An exception that stays alive holds frames, and they hold these."""

FAILING = (
    *("429", "500", "503", "empty", "length", "filter", "refuse", "utf8", "cut", "big", "broken", "error", "tool"),
    *("status:401", "status:400", "status:302"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def provider(server: ModelServer) -> Provider:
    found = Provider(server.base_url)
    found.warm_up()
    with pytest.raises(ProviderError):
        Asking("local/500").of(found)  # what the first call ever leaves behind is no matter
    return found


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """No cycle is collected in the block. Older objects are set aside, so that `gc` lists only those of the block."""
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


def assert_leaves_nothing(call: Callable[[], None]) -> None:
    with no_search_for_garbage():
        call()
        assert [type(each).__name__ for each in gc.get_objects() if type(each) in HOLDING] == []


def failing(provider: Provider, asking: Asking, errors: type[Exception]) -> Callable[[], None]:
    def call() -> None:
        try:
            asking.of(provider)
        except errors:
            return
        pytest.fail("the call did not fail")

    return call


@pytest.mark.parametrize("model", FAILING)
def test_a_failed_call_leaves_nothing_of_itself(provider: Provider, model: str) -> None:
    assert_leaves_nothing(failing(provider, Asking(f"local/{model}"), ProviderError))


@pytest.mark.parametrize("model", ["hang", "drip", "silent", "stream:60"])
def test_a_call_that_ran_into_its_deadline_leaves_nothing_of_itself(provider: Provider, model: str) -> None:
    assert_leaves_nothing(failing(provider, Asking(f"local/{model}", seconds=0.5), ProviderError))


@pytest.mark.parametrize("model", ["hang", "stream:60"])
def test_a_canceled_call_leaves_nothing_of_itself(provider: Provider, model: str) -> None:
    asking = Asking(f"local/{model}")
    timer = threading.Timer(0.5, asking.cancellation.cancel)
    timer.start()
    assert_leaves_nothing(failing(provider, asking, CallCanceledError))
    timer.join()


def test_a_call_without_leave_leaves_nothing_of_itself(provider: Provider) -> None:
    def refuse() -> None:
        raise LeaseLostError("g-1")

    assert_leaves_nothing(failing(provider, Asking(may_send=refuse), LeaseLostError))


def test_a_call_that_reaches_nobody_leaves_nothing_of_itself() -> None:
    nobody = Provider("http://127.0.0.1:9")
    assert_leaves_nothing(failing(nobody, Asking(), ProviderError))


def test_a_good_call_leaves_nothing_of_itself(provider: Provider) -> None:
    def call() -> None:
        Asking().of(provider)

    assert_leaves_nothing(call)
