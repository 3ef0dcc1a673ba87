"""Every way in which a call can end, in one table: what the server does, the code, and what is done about it.

The servers are real and the sockets too. What a worker then does with its generation is in test_worker_endings.py.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from functions.process.provider import Provider, outcomes
from functions.process.provider.outcomes import Outcome
from local.model_server import ModelServer
from shared.domain.errors import ProviderError
from shared.domain.retry_policy import GiveUp, Retry, RetryPolicy, decide
from tests.integration.provider_servers import Asking, raw_server, saying, self_signed

LATER = "later"
"""After a delay of our own, which doubles each time and is counted."""

NEVER = "never"

type Row = tuple[str, Outcome, str, str | float]

# The model at the local model server, how that ends, its code, and when it is tried again: later, never, or after
# the seconds that the server asked for, which are not counted.
MODELS: list[Row] = [
    # Refused before the first token.
    ("local/status:400", outcomes.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/status:402", outcomes.OUT_OF_CREDIT, "provider_out_of_credit", NEVER),
    ("local/status:403", outcomes.FORBIDDEN, "provider_forbidden", NEVER),
    ("local/status:404", outcomes.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/status:408", outcomes.TIMED_OUT, "provider_timeout", LATER),
    ("local/status:413", outcomes.INPUT_TOO_LARGE, "provider_input_too_large", NEVER),
    ("local/status:422", outcomes.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/status:425", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/status:307", outcomes.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/500", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/status:502", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/503", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/503:9", outcomes.UNAVAILABLE, "provider_unavailable", 9),
    ("local/status:524", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/status:529", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/429", outcomes.RATE_LIMITED, "provider_rate_limited", LATER),
    ("local/429:7", outcomes.RATE_LIMITED, "provider_rate_limited", 7),
    ("local/429:date", outcomes.RATE_LIMITED, "provider_rate_limited", 30),
    ("local/429:soon", outcomes.RATE_LIMITED, "provider_rate_limited", LATER),
    ("local/429:0", outcomes.RATE_LIMITED, "provider_rate_limited", 2),
    ("local/429:86400", outcomes.RATE_LIMITED, "provider_rate_limited", NEVER),
    # The word says more than the status.
    ("local/openai:429:insufficient_quota", outcomes.OUT_OF_CREDIT, "provider_out_of_credit", NEVER),
    ("local/openai:400:context_length_exceeded", outcomes.INPUT_TOO_LARGE, "provider_input_too_large", NEVER),
    ("local/status:400:context_length_exceeded", outcomes.INPUT_TOO_LARGE, "provider_input_too_large", NEVER),
    ("local/status:403:content_policy_violation", outcomes.OUTPUT_FILTERED, "output_filtered", NEVER),
    ("local/status:400:refusal", outcomes.OUTPUT_REFUSED, "output_refused", NEVER),
    # An error inside an answer of status 200.
    ("local/error_in_200", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/error_in_200:402", outcomes.OUT_OF_CREDIT, "provider_out_of_credit", NEVER),
    ("local/error_in_200:429", outcomes.RATE_LIMITED, "provider_rate_limited", LATER),
    ("local/error_in_stream", outcomes.UNAVAILABLE, "provider_unavailable", LATER),
    ("local/error_in_stream:400", outcomes.BAD_REQUEST, "provider_bad_request", NEVER),
    ("local/error_in_stream:999", outcomes.PROVIDER_ERROR, "provider_error", LATER),
    # The answer does not come whole, or in time.
    ("local/cut", outcomes.STREAM_CUT, "provider_stream_cut", LATER),
    ("local/broken", outcomes.PROTOCOL_BROKEN, "provider_error", LATER),
    ("local/no_finish", outcomes.STREAM_CUT, "provider_stream_cut", LATER),
    ("local/drip", outcomes.DEADLINE, "provider_timeout", LATER),
    ("local/hang", outcomes.DEADLINE, "provider_timeout", LATER),
    ("local/silent", outcomes.DEADLINE, "provider_timeout", LATER),
    ("local/late:600", outcomes.DEADLINE, "provider_timeout", LATER),
    ("local/slow:600", outcomes.DEADLINE, "provider_timeout", LATER),
    ("local/stream:600", outcomes.DEADLINE, "provider_timeout", LATER),
    # The answer is whole, and no answer.
    ("local/finish_error", outcomes.PROVIDER_ERROR, "provider_error", LATER),
    ("local/length", outcomes.OUTPUT_TRUNCATED, "output_truncated", NEVER),
    ("local/filter", outcomes.OUTPUT_FILTERED, "output_filtered", NEVER),
    ("local/refuse", outcomes.OUTPUT_REFUSED, "output_refused", NEVER),
    ("local/tool", outcomes.OUTPUT_NOT_TEXT, "output_invalid", NEVER),
    ("local/empty", outcomes.OUTPUT_EMPTY, "output_empty", NEVER),
    ("local/utf8", outcomes.OUTPUT_INVALID, "output_invalid", NEVER),
    ("local/huge", outcomes.OUTPUT_TOO_LARGE, "output_too_large", NEVER),
]

# As above, where a picture is asked for.
PICTURES: list[Row] = [
    ("local/image_text", outcomes.OUTPUT_NO_IMAGE, "output_empty", NEVER),
    ("local/image_broken", outcomes.OUTPUT_NOT_IMAGE, "output_invalid", NEVER),
    ("local/image_gif", outcomes.OUTPUT_NOT_IMAGE, "output_invalid", NEVER),
    ("local/image_svg", outcomes.OUTPUT_NOT_IMAGE, "output_invalid", NEVER),
    ("local/image_lie", outcomes.OUTPUT_NOT_IMAGE, "output_invalid", NEVER),
    ("local/image_link", outcomes.OUTPUT_NOT_IMAGE, "output_invalid", NEVER),
    ("local/image_huge", outcomes.OUTPUT_TOO_LARGE, "output_too_large", NEVER),
    ("local/image_many", outcomes.OUTPUT_TOO_LARGE, "output_too_large", NEVER),
]

# The place of the server, for what ends before anything is sent.
PLACES: list[Row] = [
    ("nobody listens", outcomes.UNREACHABLE, "provider_unreachable", LATER),
    ("no such name", outcomes.UNREACHABLE, "provider_unreachable", LATER),
    ("no TLS", outcomes.UNREACHABLE, "provider_unreachable", LATER),
    ("an unknown certificate", outcomes.UNREACHABLE, "provider_unreachable", LATER),
]

# Tried with keys, in the tests of their own below.
KEYS: list[Row] = [("a key that is refused", outcomes.KEY_REFUSED, "provider_key_refused", NEVER)]


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def check(error: ProviderError, outcome: Outcome, code: str, decision: str | float) -> None:
    assert error.code == code
    assert error.message.startswith(outcome.message)
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
    model, outcome, code, decision = row
    server.ledger.clear()
    seconds = 0.5 if outcome is outcomes.DEADLINE else 60
    asking = Asking(model, picture=row in PICTURES, seconds=seconds)
    with pytest.raises(ProviderError) as caught:
        asking.of(Provider(server.base_url))
    check(caught.value, outcome, code, decision)
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
    place, outcome, code, decision = row
    asking = Asking()
    with OPENED[place](tmp_path) as base_url, pytest.raises(ProviderError) as caught:
        asking.of(Provider(base_url))
    check(caught.value, outcome, code, decision)
    assert asking.asked == 0


@pytest.mark.parametrize("key", ["bad-key", "sk-\u00fcber", "  "])
def test_a_key_that_is_refused_or_cannot_be_sent_is_not_tried_again(server: ModelServer, key: str) -> None:
    with pytest.raises(ProviderError) as caught:
        Asking(key=key).of(Provider(server.base_url))
    check(caught.value, *KEYS[0][1:])


def test_the_table_holds_every_outcome_that_the_client_knows() -> None:
    known = {outcome for outcome in vars(outcomes).values() if isinstance(outcome, Outcome)}
    table = MODELS + PICTURES + PLACES + KEYS
    assert {outcome for _, outcome, _, _ in table} == known
    assert all(outcome.code == code for _, outcome, code, _ in table)


def test_a_first_byte_that_comes_late_but_in_time_is_waited_for(server: ModelServer) -> None:
    asking, began = Asking("local/late:1"), time.monotonic()
    assert asking.of(Provider(server.base_url)).text
    assert time.monotonic() - began >= 1
