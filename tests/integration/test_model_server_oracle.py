"""Compares the local model server and our requests with OpenRouter's own client: its models, and the client itself."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openrouter import OpenRouter, components, errors
from pydantic import BaseModel

from functions.process.provider import ChatMessage, ModelRequest, dialects
from functions.process.provider.terms import Terms
from local.model_server import ModelServer
from local.model_server.behaviours import BEHAVIOURS
from shared import kinds
from tests.integration.provider_servers import a_request

KEY = "a made-up key"
HELLO = [components.ChatUserMessage(role="user", content="A cell is small.")]
ENDLESS = {"local/hang", "local/drip", "local/silent"}
ON_PURPOSE_ODD = {
    "local/cut",
    "local/cut_first",
    "local/late_bill",
    "local/broken",
    "local/utf8",
    "local/no_id",
    "local/openai",
    "local/huge",
}
QUICK = dict.fromkeys(("local/slow", "local/stream", "local/late"), ":0.1") | dict.fromkeys(
    ("local/slow_first", "local/stream_first"), ":1:0.1"
)
MODELS = [name + QUICK.get(name, "") for name in sorted(BEHAVIOURS.keys() - ENDLESS - ON_PURPOSE_ODD)]
# OpenRouter sends these, and its client's models leave them out.
UNDECLARED = {"provider", "native_finish_reason"}
UNDECLARED_OF = {
    "local/differs": {"x_new", "obfuscation"},
    # `images` in a stream alone, the others of each picture.
    **{name: {"images", "type", "index"} for name in BEHAVIOURS if name.startswith("local/image")},
}
DATA = {
    400: errors.BadRequestResponseErrorData,
    401: errors.UnauthorizedResponseErrorData,
    402: errors.PaymentRequiredResponseErrorData,
    403: errors.ForbiddenResponseErrorData,
    404: errors.NotFoundResponseErrorData,
    408: errors.RequestTimeoutResponseErrorData,
    413: errors.PayloadTooLargeResponseErrorData,
    422: errors.UnprocessableEntityResponseErrorData,
    429: errors.TooManyRequestsResponseErrorData,
    500: errors.InternalServerResponseErrorData,
    502: errors.BadGatewayResponseErrorData,
    503: errors.ServiceUnavailableResponseErrorData,
    524: errors.EdgeNetworkTimeoutResponseErrorData,
    529: errors.ProviderOverloadedResponseErrorData,
}
RAISED = {
    400: errors.BadRequestResponseError,
    401: errors.UnauthorizedResponseError,
    402: errors.PaymentRequiredResponseError,
    403: errors.ForbiddenResponseError,
    404: errors.NotFoundResponseError,
    408: errors.RequestTimeoutResponseError,
    413: errors.PayloadTooLargeResponseError,
    422: errors.UnprocessableEntityResponseError,
    429: errors.TooManyRequestsResponseError,
    500: errors.InternalServerResponseError,
    502: errors.BadGatewayResponseError,
    503: errors.ServiceUnavailableResponseError,
    524: errors.EdgeNetworkTimeoutResponseError,
    529: errors.ProviderOverloadedResponseError,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def client(server: ModelServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=30, trust_env=False) as running:
        yield running


@pytest.fixture
def official(server: ModelServer) -> Iterator[OpenRouter]:
    with (
        httpx.Client(trust_env=False, timeout=30) as http,
        OpenRouter(api_key=KEY, server_url=server.base_url, client=http, retry_config=None) as running,
    ):
        yield running


def held_to[Model: BaseModel](model: type[Model], sent: Any, undeclared: set[str] = UNDECLARED) -> Model:
    """Read `sent` as the oracle does: every type is right, every word of a list known, and no field left over."""
    # Strict, since the lax mode turns a word that is not of its list into an unknown one, without a sound.
    found = model.model_validate_json(json.dumps(sent), strict=True)
    assert set(missing(sent, found.model_dump(mode="json", by_alias=True))) <= undeclared
    return found


def missing(sent: Any, read: Any) -> Iterator[str]:
    if isinstance(sent, dict):
        for name, value in sent.items():
            if name not in read:
                yield name
            else:
                yield from missing(value, read[name])
    elif isinstance(sent, list):
        for one, other in zip(sent, read, strict=True):
            yield from missing(one, other)


def body(model: str, *, stream: bool) -> Any:
    return json.loads(
        dialects.dialect_for("http://127.0.0.1", "127.0.0.1", "openrouter").call(a_request(model), Terms(), "key").body
    ) | {"stream": stream}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", MODELS)
def test_whatever_the_server_says_is_openrouters_protocol(client: httpx.Client, model: str, stream: bool) -> None:
    response = client.post("/chat/completions", json=body(model, stream=stream))
    undeclared = UNDECLARED | UNDECLARED_OF.get(model, set())
    if response.status_code != 200:
        held_to(DATA[response.status_code], response.json())
    elif response.headers["content-type"] == "application/json":
        found = response.json()
        held_to(errors.BadGatewayResponseErrorData if "error" in found else components.ChatResult, found, undeclared)
    else:
        events = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        assert events.pop() == "[DONE]" or "error" in model
        for event in events:
            held_to(components.ChatStreamChunk, json.loads(event), undeclared)


@pytest.mark.parametrize("code", sorted(DATA))
def test_each_refusal_is_what_the_official_client_takes_it_for(
    client: httpx.Client, official: OpenRouter, code: int
) -> None:
    model = f"local/status:{code}"
    refusal = client.post("/chat/completions", json=body(model, stream=True)).json()
    held_to(DATA[code], refusal)
    assert refusal["error"]["code"] == code
    with pytest.raises(RAISED[code]):
        official.chat.send(model=model, messages=HELLO, retries=None)


def test_the_official_client_reads_a_whole_answer_and_its_bill(server: ModelServer, official: OpenRouter) -> None:
    server.ledger.clear()
    answer = official.chat.send(model="local/cards", messages=HELLO)
    [call] = server.ledger.calls
    assert isinstance(answer, components.ChatResult)
    assert answer.usage is not None
    assert (answer.id, answer.usage.cost) == (call.id, call.cost)


def test_the_official_client_reads_a_stream_and_its_comments(server: ModelServer, official: OpenRouter) -> None:
    server.ledger.clear()
    stream = official.chat.send(model="local/slow:0.1", messages=HELLO, stream=True)
    assert not isinstance(stream, components.ChatResult)
    with stream:
        chunks = list(stream)
    [call] = server.ledger.calls
    assert "".join(str(chunk.choices[0].delta.content or "") for chunk in chunks)
    assert {chunk.id for chunk in chunks} == {call.id}
    assert chunks[-1].usage
    assert chunks[-1].usage.cost == call.cost


def test_the_final_bill_and_the_list_of_models_are_openrouters(client: httpx.Client) -> None:
    answered = client.post("/chat/completions", json=body("local/cards", stream=True))
    record = client.get("/generation", params={"id": answered.headers["x-generation-id"]}).json()
    held_to(components.GenerationResponse, record)
    held_to(components.ModelsListResponse, client.get("/models").json())
    held_to(errors.NotFoundResponseErrorData, client.get("/generation", params={"id": "gen-unknown"}).json())


def request_with(**changes: Any) -> ModelRequest:
    given: dict[str, Any] = {
        "model": "some/model",
        "messages": (ChatMessage("system", "Ours."), ChatMessage("user", "Theirs."), ChatMessage("assistant", "{}")),
        "schema_name": "cards",
        "schema": {"type": "object"},
        "max_completion_tokens": 500,
        "user": "owner-hash",
    }
    return ModelRequest(**given | changes)


@pytest.mark.parametrize(
    "request_",
    [
        request_with(),
        request_with(fallback_models=("other/model", "third/model")),
        request_with(schema=None, aspect_ratio="16:9"),
        *(request_with(schema_name=name, schema=kinds.load(name).output.model_json_schema()) for name in kinds.names()),
    ],
    ids=lambda request_: request_.schema_name,
)
def test_what_we_ask_of_openrouter_is_what_its_own_client_would_send(request_: ModelRequest) -> None:
    sent = json.loads(
        dialects.dialect_for("http://127.0.0.1", "127.0.0.1", "openrouter").call(request_, Terms(), "key").body
    )
    held_to(components.ChatRequest, sent, set())
    assert not {"tools", "tool_choice", "plugins"} & set(sent)


def test_the_oracle_notices_what_is_wrong() -> None:
    sent = json.loads(
        dialects.dialect_for("http://127.0.0.1", "127.0.0.1", "openrouter").call(request_with(), Terms(), "key").body
    )
    for wrong in ({"max_tokens": "500"}, {"stream": "yes"}, {"max_tokns": 500}, {"messages": [{"role": "robot"}]}):
        with pytest.raises((ValueError, AssertionError)):
            held_to(components.ChatRequest, sent | wrong, set())
