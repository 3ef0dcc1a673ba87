"""The client handles all differences between servers of the protocol; and fallbacks, for servers that take them."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from functions.process import handler
from functions.process.provider import Provider
from local.model_server import ModelServer
from local.model_server.plan import FORMS
from shared import wiring
from shared.domain.errors import TransientProviderError
from tests.factories import SETTINGS
from tests.integration.provider_servers import Asking, head, raw_server, saying

CHUNK = b'data: {"id": "c-1", "choices": [{"delta": {"content": "{}"}, "finish_reason": "stop"}]}\n\n'


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.mark.parametrize("form", [*FORMS, "whole+bom", "whole+unknown", "+".join(sorted(FORMS.keys() - {"whole"}))])
def test_an_answer_in_any_form_is_the_same_answer_with_the_same_bill(server: ModelServer, form: str) -> None:
    provider = Provider(server.base_url)
    usual = Asking().of(provider)
    asking = Asking(f"local/differs:{form}")
    completion = asking.of(provider)
    assert asking.progress[-1] == len(usual.text)
    assert completion.call_id == server.ledger.calls[1].id
    assert replace(completion, call_id=usual.call_id, model=usual.model) == usual
    assert completion.model == f"local/differs:{form}"


@pytest.mark.parametrize("content_type", ["text/plain", "text/event-stream", "text/html", "application/x-ndjson"])
def test_a_body_says_what_it_is_whatever_its_header_says(content_type: str) -> None:
    document = json.dumps({"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}).encode()
    for body in (document, CHUNK, b"\n\n " + document, document + b"\ndata: [DONE]\n\n", b"[" + document + b"]"):
        with raw_server(saying(head(content_type), body)) as server:
            assert Asking().of(Provider(server.base_url)).text == "{}"


@pytest.mark.parametrize("mark", [b"\xef", b"\xef\xbb", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_may_come_in_pieces_and_only_once(mark: bytes) -> None:
    rest = b"\xef\xbb\xbf".removeprefix(mark)
    with raw_server(saying(head(), mark, rest + CHUNK)) as server:
        assert Asking().of(Provider(server.base_url)).text == "{}"
    with (
        raw_server(saying(head(), b"\n\xef\xbb\xbf" + CHUNK)) as server,
        pytest.raises(TransientProviderError, match="provider_stream_cut"),
    ):
        Asking().of(Provider(server.base_url))


def test_a_fallback_answers_where_the_first_model_is_down_and_is_named(server: ModelServer) -> None:
    asking = Asking("local/503", fallback_models=("local/429", "local/cards"))
    completion = asking.of(Provider(server.base_url, protocol="openrouter"))
    [call] = server.ledger.calls
    assert completion.model == "local/cards"
    assert (call.model, call.outcome, call.paid, asking.asked) == ("local/503", "answered", True, 1)


def test_a_model_that_works_is_not_replaced(server: ModelServer) -> None:
    completion = Asking("local/cards", fallback_models=("local/refuse",)).of(
        Provider(server.base_url, protocol="openrouter")
    )
    assert completion.model == "local/cards"


def test_where_every_fallback_is_down_the_last_one_is_told(server: ModelServer) -> None:
    with pytest.raises(TransientProviderError) as caught:
        Asking("local/503", fallback_models=("local/429:5",)).of(Provider(server.base_url, protocol="openrouter"))
    assert (caught.value.code, caught.value.retry_after_seconds) == ("provider_rate_limited", 5)


@pytest.mark.parametrize("protocol", ["auto", "compatible", "openai"])
def test_a_server_that_takes_no_fallbacks_is_told_of_none(server: ModelServer, protocol: str) -> None:
    with pytest.raises(TransientProviderError, match="provider_unavailable"):
        Asking("local/503", fallback_models=("local/cards",)).of(Provider(server.base_url, protocol=protocol))


def test_the_worker_speaks_the_protocol_that_the_deployment_names(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, llm_base_url=server.base_url, llm_protocol="openrouter")
    monkeypatch.setattr(handler, "settings", lambda: settings)
    monkeypatch.setattr(wiring, "settings", lambda: settings)
    model = handler._worker.__wrapped__().dependencies.model
    assert isinstance(model, Provider)
    assert Asking("local/503", fallback_models=("local/cards",)).of(model).model == "local/cards"


def test_an_unknown_protocol_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="auto or one of openrouter, openai, compatible, llamacpp, anthropic, bedrock"):
        Provider("http://127.0.0.1/v1", protocol="smoke signals")
