"""The local model server on the wire: OpenRouter's protocol, each misbehaviour, and what the ledger says of it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.model_server import ModelServer
from local.model_server.behaviours import BEHAVIOURS
from tests.integration.model_server_asking import KEY, ask, asking, chunks, content, finish


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def server(shared_server: ModelServer) -> ModelServer:
    shared_server.ledger.clear()
    return shared_server


@pytest.fixture
def client(server: ModelServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=30, trust_env=False) as running:
        yield running


def test_a_stream_carries_comments_content_a_finish_usage_and_done(server: ModelServer, client: httpx.Client) -> None:
    response = ask(client, "local/cards")
    call = server.ledger.calls[0]
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-generation-id"] == call.id
    assert call.id.startswith("gen-")
    assert response.text.startswith(": OPENROUTER PROCESSING\n\n")
    assert response.text.endswith("data: [DONE]\n\n")
    assert {chunk["id"] for chunk in chunks(response)} == {call.id}
    assert finish(response) == "stop"
    assert len(json.loads(content(response))["suggestions"]) >= 3
    usage = chunks(response)[-1]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["cost"] == usage["cost_details"]["upstream_inference_cost"] == call.cost > 0
    assert usage["is_byok"] is False
    assert (call.outcome, call.paid, call.completion_tokens) == ("answered", True, usage["completion_tokens"])


def test_the_same_request_costs_and_says_the_same_with_and_without_a_stream(client: httpx.Client) -> None:
    streamed, whole = ask(client, "local/cards"), ask(client, "local/cards", stream=False).json()
    assert whole["choices"][0]["message"]["content"] == content(streamed)
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert whole["usage"] == chunks(streamed)[-1]["usage"]


def test_the_final_usage_of_a_call_can_be_asked_for_afterwards(client: httpx.Client) -> None:
    response = ask(client, "local/cards")
    record = client.get("/generation", params={"id": response.headers["x-generation-id"]}).json()["data"]
    assert record["total_cost"] == chunks(response)[-1]["usage"]["cost"]
    assert client.get("/generation", params={"id": "gen-unknown"}).status_code == 404


def test_every_model_of_the_table_is_listed_with_a_description(client: httpx.Client) -> None:
    listed = {model["id"]: model["description"] for model in client.get("/models").json()["data"]}
    assert listed.keys() == BEHAVIOURS.keys()
    assert all(listed.values())


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "No auth credentials found"),
        ("Basic YTpi", "No auth credentials found"),
        ("Bearer bad-1", "User not found."),
    ],
)
def test_a_missing_or_bad_key_is_refused_with_401(
    server: ModelServer, client: httpx.Client, authorization: str, message: str
) -> None:
    headers = {"Authorization": authorization}
    response = client.post("/chat/completions", json=asking("local/cards"), headers=headers)
    assert (response.status_code, response.json()) == (401, {"error": {"code": 401, "message": message}})
    assert (server.ledger.calls[0].outcome, server.ledger.calls[0].paid) == ("refused", False)


@pytest.mark.parametrize(
    ("model", "expected"),
    [("local/429", 429), ("local/500", 500), ("local/503", 503), ("local/status:402", 402), ("local/status:529", 529)],
)
def test_a_model_that_refuses_answers_with_its_status_and_is_not_paid(
    server: ModelServer, client: httpx.Client, model: str, expected: int
) -> None:
    response = ask(client, model)
    assert (response.status_code, response.json()["error"]["code"]) == (expected, expected)
    assert "retry-after" not in response.headers
    call = server.ledger.calls[0]
    assert (call.outcome, call.status, call.paid, call.cost) == ("refused", expected, False, 0)


def test_retry_after_comes_in_seconds_or_as_a_date(client: httpx.Client) -> None:
    assert ask(client, "local/429:7").headers["retry-after"] == "7"
    assert ask(client, "local/429:date").headers["retry-after"].endswith(" GMT")
    assert ask(client, "local/503:2.5").headers["retry-after"] == "2.5"


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"model": "local/cards"}',
        b'{"messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "local/unknown", "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "local/slow:soon", "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "local/status:200", "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "local/differs:loudly", "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "local/cards", "messages": [7]}',
    ],
)
def test_a_request_that_makes_no_sense_is_a_400(client: httpx.Client, body: bytes) -> None:
    response = client.post("/chat/completions", content=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, 400)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("local/length", "length"),
        ("local/filter", "content_filter"),
        ("local/finish_error", "error"),
        ("local/no_finish", None),
    ],
)
def test_a_finish_reason_can_be_anything_and_is_paid(
    server: ModelServer, client: httpx.Client, model: str, reason: str | None
) -> None:
    response = ask(client, model)
    assert finish(response) == reason
    assert content(response)
    assert server.ledger.calls[0].paid


def test_content_can_be_garbage_of_another_shape_refused_or_empty(client: httpx.Client) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(content(ask(client, "local/garbage")))
    assert "question" in json.loads(content(ask(client, "local/schema")))["suggestions"][0]
    refusal = ask(client, "local/refuse")
    assert content(refusal) == ""
    assert any(chunk["choices"][0]["delta"].get("refusal") for chunk in chunks(refusal))
    assert ask(client, "local/refuse", stream=False).json()["choices"][0]["message"]["refusal"]
    assert content(ask(client, "local/empty")) == ""


def test_repair_works_once_the_conversation_holds_an_answer(client: httpx.Client) -> None:
    first = content(ask(client, "local/repair"))
    turns = [
        *asking("local/repair")["messages"],
        {"role": "assistant", "content": first},
        {"role": "user", "content": "That was not valid. Try again."},
    ]
    second = json.loads(content(ask(client, "local/repair", messages=turns)))
    assert "front" not in json.loads(first)["suggestions"][0]
    assert "front" in second["suggestions"][0]


def test_flaky_fails_the_first_calls_of_each_conversation_alone(client: httpx.Client) -> None:
    other = [{"role": "user", "content": "Another text. It is short."}]
    assert [ask(client, "local/flaky:2").status_code for _ in range(4)] == [503, 503, 200, 200]
    assert ask(client, "local/flaky:2", messages=other).status_code == 503


def test_a_fallback_model_answers_when_the_first_refuses(client: httpx.Client) -> None:
    assert ask(client, "local/503", models=["local/429", "local/cards"]).status_code == 200
    assert ask(client, "local/503", models=["local/429"]).status_code == 429


def test_usage_cost_and_id_can_be_missing(client: httpx.Client) -> None:
    assert not any("usage" in chunk for chunk in chunks(ask(client, "local/no_usage")))
    assert "cost" not in chunks(ask(client, "local/no_cost"))[-1]["usage"]
    nameless = ask(client, "local/no_id")
    assert "x-generation-id" not in nameless.headers
    assert not any("id" in chunk for chunk in chunks(nameless))


def test_with_the_users_own_key_the_cost_is_the_fee_alone(server: ModelServer, client: httpx.Client) -> None:
    usage = chunks(ask(client, "local/byok"))[-1]["usage"]
    assert usage["is_byok"] is True
    assert usage["cost"] < usage["cost_details"]["upstream_inference_cost"]
    assert server.ledger.calls[0].cost == pytest.approx(
        usage["cost"] + usage["cost_details"]["upstream_inference_cost"]
    )


def test_an_answer_longer_than_the_limit_ends_with_length(client: httpx.Client) -> None:
    response = ask(client, "local/cards", max_completion_tokens=20)
    assert finish(response) == "length"
    assert 70 <= len(content(response).encode()) <= 80


def test_fifty_slow_streams_are_held_at_once(server: ModelServer) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    limits = httpx.Limits(max_connections=50)
    with (
        httpx.Client(base_url=server.base_url, headers=headers, limits=limits, timeout=60) as wide,
        ThreadPoolExecutor(50) as pool,
    ):
        answers = pool.map(lambda _: content(ask(wide, "local/stream:3")), range(50))
        server.ledger.wait_for(lambda calls: sum(call.outcome is None for call in calls) == 50)
        assert len(set(answers)) == 1
