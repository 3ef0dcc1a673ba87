"""Every way in which a call can end, in one table: the server's behaviour, the code, and the reaction.

The servers and the sockets are real. test_worker_endings.py has the effect on a worker's generation.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from functions.process.provider import Provider, failures
from functions.process.provider.failures import CallFailure
from local.model_server import ModelServer
from shared.domain.errors import ProviderError
from shared.domain.retry_policy import GiveUp, Retry, RetryPolicy, decide
from tests.integration.provider_servers import Asking, raw_server, saying, self_signed

LATER = "later"
"""After a delay of our own, which doubles each time and is counted."""

NEVER = "never"

type Row = tuple[str, CallFailure, str, str | float]

# The model at the local model server, its end, its code, and when to retry it. That is later, never, or after the
# seconds that the server asked for, which do not count as retries.
MODELS: list[Row] = [
    # Refused before the first token.
    ("local/status:400", failures.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/status:402", failures.OUT_OF_CREDIT, "provider_out_of_credit", NEVER),
    ("local/status:403", failures.FORBIDDEN, "provider_forbidden", NEVER),
    ("local/status:404", failures.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/status:408", failures.TIMED_OUT, "provider_timeout", LATER),
    ("local/status:413", failures.INPUT_TOO_LARGE, "provider_input_too_large", NEVER),
    ("local/status:422", failures.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/status:425", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/status:307", failures.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/500", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/status:502", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/503", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/503:9", failures.UNAVAILABLE, "provider_unavailable", 9),
    ("local/status:524", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/status:529", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/429", failures.RATE_LIMITED, "provider_rate_limited", LATER),
    ("local/429:7", failures.RATE_LIMITED, "provider_rate_limited", 7),
    ("local/429:date", failures.RATE_LIMITED, "provider_rate_limited", 30),
    ("local/429:soon", failures.RATE_LIMITED, "provider_rate_limited", LATER),
    ("local/429:0", failures.RATE_LIMITED, "provider_rate_limited", 2),
    ("local/429:86400", failures.RATE_LIMITED, "provider_rate_limited", NEVER),
    # The word says more than the status.
    ("local/openai:429:insufficient_quota", failures.OUT_OF_CREDIT, "provider_out_of_credit", NEVER),
    ("local/openai:400:context_length_exceeded", failures.INPUT_TOO_LARGE, "provider_input_too_large", NEVER),
    ("local/status:400:context_length_exceeded", failures.INPUT_TOO_LARGE, "provider_input_too_large", NEVER),
    ("local/status:403:content_policy_violation", failures.OUTPUT_FILTERED, "output_filtered", NEVER),
    ("local/status:400:refusal", failures.OUTPUT_REFUSED, "output_refused", NEVER),
    # An error inside an answer of status 200.
    ("local/error_in_200", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/error_in_200:402", failures.OUT_OF_CREDIT, "provider_out_of_credit", NEVER),
    ("local/error_in_200:429", failures.RATE_LIMITED, "provider_rate_limited", LATER),
    ("local/error_in_stream", failures.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/error_in_stream:400", failures.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/error_in_stream:999", failures.UNAVAILABLE, "provider_unavailable", LATER),
    # The answer does not come whole, or in time.
    ("local/cut", failures.STREAM_CUT, "provider_stream_cut", LATER),
    ("local/broken", failures.PROTOCOL_BROKEN, "provider_protocol_broken", NEVER),
    ("local/no_finish:cut", failures.STREAM_CUT, "provider_stream_cut", LATER),
    ("local/drip", failures.DEADLINE, "provider_timeout", LATER),
    ("local/hang", failures.DEADLINE, "provider_timeout", LATER),
    ("local/silent", failures.DEADLINE, "provider_timeout", LATER),
    ("local/late:600", failures.DEADLINE, "provider_timeout", LATER),
    ("local/slow:600", failures.DEADLINE, "provider_timeout", LATER),
    ("local/stream:600", failures.DEADLINE, "provider_timeout", LATER),
    # The answer is whole, and no answer.
    ("local/finish_error", failures.PROVIDER_ERROR, "provider_error", LATER),
    ("local/length", failures.OUTPUT_TRUNCATED, "output_truncated", NEVER),
    ("local/filter", failures.OUTPUT_FILTERED, "output_filtered", NEVER),
    ("local/refuse", failures.OUTPUT_REFUSED, "output_refused", NEVER),
    ("local/tool", failures.OUTPUT_NOT_TEXT, "output_invalid", NEVER),
    ("local/empty", failures.OUTPUT_EMPTY, "output_empty", NEVER),
    ("local/utf8", failures.OUTPUT_INVALID, "output_invalid", NEVER),
    ("local/openai:400:json_validate_failed", failures.OUTPUT_NOT_JSON, "output_invalid", NEVER),
    ("local/huge", failures.OUTPUT_TOO_LARGE, "output_too_large", NEVER),
]

# As above, where a picture is asked for.
PICTURES: list[Row] = [
    ("local/image_text", failures.OUTPUT_NO_PICTURE, "output_empty", NEVER),
    ("local/image_broken", failures.OUTPUT_NOT_PICTURE, "output_invalid", NEVER),
    ("local/image_gif", failures.OUTPUT_NOT_PICTURE, "output_invalid", NEVER),
    ("local/image_svg", failures.OUTPUT_NOT_PICTURE, "output_invalid", NEVER),
    ("local/image_lie", failures.OUTPUT_NOT_PICTURE, "output_invalid", NEVER),
    ("local/image_link", failures.OUTPUT_NOT_PICTURE, "output_invalid", NEVER),
    ("local/image_huge", failures.OUTPUT_TOO_LARGE, "output_too_large", NEVER),
    ("local/image_many", failures.OUTPUT_TOO_LARGE, "output_too_large", NEVER),
]

# Replaces the server, for calls that end before anything is sent.
PLACES: list[Row] = [
    ("nobody listens", failures.UNREACHABLE, "provider_unreachable", LATER),
    ("no such name", failures.UNREACHABLE, "provider_unreachable", LATER),
    ("no TLS", failures.UNREACHABLE, "provider_unreachable", LATER),
    ("an unknown certificate", failures.UNREACHABLE, "provider_unreachable", LATER),
]

# Tested with keys, in their own tests below.
KEYS: list[Row] = [("a key that is refused", failures.KEY_REFUSED, "provider_key_refused", NEVER)]


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def check(error: ProviderError, failure: CallFailure, code: str, decision: str | float) -> None:
    assert error.code == code
    assert error.message.startswith(failure.message)
    decided = decide(error, 0, RetryPolicy(), jitter=0.5, seconds_left=900)
    if decision == NEVER:
        assert decided == GiveUp(code, error.message)
    elif decision == LATER:
        assert decided == Retry(1.5, counted=True)
        assert decide(error, 10, RetryPolicy(), jitter=0.5, seconds_left=900) == GiveUp(code, error.message)
    else:
        assert isinstance(decided, Retry)
        assert not decided.counted
        assert decided.delay_seconds == pytest.approx(decision, abs=2 if decision == 30 else 0)


@pytest.mark.parametrize("row", MODELS + PICTURES, ids=lambda row: row[0])
def test_each_ending_has_its_code_and_decision_and_is_sent_once(server: ModelServer, row: Row) -> None:
    model, failure, code, decision = row
    server.ledger.clear()
    seconds = 0.5 if failure is failures.DEADLINE else 60
    asking = Asking(model, picture=row in PICTURES, seconds=seconds)
    with pytest.raises(ProviderError) as caught:
        asking.of(Provider(server.base_url))
    check(caught.value, failure, code, decision)
    assert asking.asked == 1
    assert len(server.ledger.calls) == 1


@contextmanager
def nobody_listens(_: Path) -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@contextmanager
def no_such_name(_: Path) -> Iterator[str]:
    yield "http://nobody.invalid/v1"


@contextmanager
def no_tls(_: Path) -> Iterator[str]:
    with ModelServer() as plain:
        yield plain.base_url.replace("http:", "https:")


@contextmanager
def an_unknown_certificate(folder: Path) -> Iterator[str]:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(folder))
    with raw_server(saying(b"never sent"), context) as server:
        yield server.base_url.replace("http:", "https:")
        assert server.requests == []


OPENED: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "nobody listens": nobody_listens,
    "no such name": no_such_name,
    "no TLS": no_tls,
    "an unknown certificate": an_unknown_certificate,
}


@pytest.mark.parametrize("row", PLACES, ids=lambda row: row[0])
def test_a_server_that_is_not_to_be_reached_is_sent_nothing(tmp_path: Path, row: Row) -> None:
    place, failure, code, decision = row
    asking = Asking()
    with OPENED[place](tmp_path) as base_url, pytest.raises(ProviderError) as caught:
        asking.of(Provider(base_url))
    check(caught.value, failure, code, decision)
    assert asking.asked == 0


@pytest.mark.parametrize("key", ["bad-key", "sk-\u00fcber", "  "])
def test_a_key_that_is_refused_or_cannot_be_sent_is_not_tried_again(server: ModelServer, key: str) -> None:
    with pytest.raises(ProviderError) as caught:
        Asking(key=key).of(Provider(server.base_url))
    check(caught.value, *KEYS[0][1:])


def test_the_table_holds_every_failure_that_the_client_knows() -> None:
    known = {failure for failure in vars(failures).values() if isinstance(failure, CallFailure)}
    table = MODELS + PICTURES + PLACES + KEYS
    assert {failure for _, failure, _, _ in table} == known
    assert all(failure.code == code for _, failure, code, _ in table)


def test_a_first_byte_that_comes_late_but_in_time_is_waited_for(server: ModelServer) -> None:
    asking, began = Asking("local/late:1"), time.monotonic()
    assert asking.of(Provider(server.base_url)).text
    assert time.monotonic() - began >= 1
