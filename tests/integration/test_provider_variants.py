"""Of each kind of cases/provider.json many more, made by turning what no row fixes: cuts, ends of lines, spellings."""

import itertools
import json
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.process.provider import Provider
from shared.domain.errors import ProviderError
from tests.integration.provider_servers import Asking, head, raw_server, saying

TEXT = '{"cards": ["\u017b\u00f3\u0142\u0107 \U0001f9ec", "two \\"}\\" ["]}'
USAGE: dict[str, Any] = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.004}

ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
COLONS = {"a space": b"data: ", "no space": b"data:"}
NOISE = {
    "nothing": b"",
    "comments": b": OPENROUTER PROCESSING~~",
    "empty data": b"data:~~",
    "blank data": b"data: ~~",
    "named pings": b"event: ping~data: ~~",
    "fields": b"id: 7~retry: 1000~~",
    "words": b"data: ping~~",
}
FINISHES: dict[str, Callable[[bool], str | None]] = {
    "at the end": lambda last: "stop" if last else None,
    "empty before": lambda last: "stop" if last else "",
    "null before": lambda last: "STOP" if last else "null",
    "stop in each": lambda _last: "stop",
    "never named": lambda _last: None,
    "unknown": lambda _last: "finish_reason_unspecified",
}
CONTENTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "text": lambda piece: {"content": piece},
    "parts": lambda piece: {"content": [{"type": "text", "text": piece}]},
    "parts with a thought": lambda piece: {
        "content": [{"type": "thinking", "thinking": "{"}, {"type": "text", "text": piece}]
    },
    "beside reasoning": lambda piece: {"content": piece, "reasoning_content": "{"},
    "a tool": lambda piece: {"content": None, "tool_calls": [{"index": 0, "function": {"arguments": piece}}]},
    "an old tool": lambda piece: {"function_call": {"arguments": piece}},
}


def chunks(content: str, finish: str, size: int) -> Iterator[dict[str, Any]]:
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    for piece, last in [*((piece, False) for piece in pieces), ("", True)]:
        choice = {
            "index": 0,
            "delta": CONTENTS[content](piece) if piece else {},
            "finish_reason": FINISHES[finish](last),
        }
        yield {"id": "gen-1", "choices": [choice]}
    yield {"choices": [], "usage": USAGE}


def stream(content: str, finish: str, end: str, colon: str, noise: str, *, size: int = 7, done: bool = True) -> bytes:
    filler = NOISE[noise].replace(b"~", ENDS[end])
    events = [json.dumps(chunk, ensure_ascii=False).encode() for chunk in chunks(content, finish, size)]
    lines = [COLONS[colon] + event + 2 * ENDS[end] for event in [*events, *([b"[DONE]"] if done else ())]]
    return filler + filler.join(lines)


PAIRS = [
    # All of them together would be thousands: this turns the others beside each content and finish.
    (content, finish, end, colon, noise)
    for at, (content, finish) in enumerate(itertools.product(CONTENTS, FINISHES))
    for end, colon, noise in [(list(ENDS)[at % 3], list(COLONS)[at % 2], list(NOISE)[at % 7])]
]


@pytest.mark.parametrize("row", PAIRS, ids="-".join)
@pytest.mark.parametrize("cut", [1, 13, 100_000])
def test_a_whole_answer_is_whole_in_every_spelling(row: tuple[str, str, str, str, str], cut: int) -> None:
    body = stream(*row)
    parts = [body[at : at + cut] for at in range(0, len(body), cut)]
    content_type = ["text/event-stream", "application/json", "text/plain; charset=utf-8"][len(row[0]) % 3]
    with raw_server(saying(head(content_type), *parts)) as server:
        completion = Asking().of(Provider(server.base_url))
    assert json.loads(completion.text) == json.loads(TEXT)
    assert str(completion.usage.cost_usd) == "0.004"


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("finish", FINISHES)
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("fraction", [0.3, 0.6])
@pytest.mark.parametrize("then", [None, reset], ids=["closed", "reset"])
def test_no_stump_is_taken_as_whole(content: str, finish: str, fraction: float, then: Any) -> None:
    body = stream(content, finish, "lf", "a space", "comments", size=5)
    with (
        raw_server(saying(head(), body[: int(len(body) * fraction)], then=then)) as server,
        pytest.raises(ProviderError) as caught,
    ):
        Asking().of(Provider(server.base_url))
    assert caught.value.code == "provider_stream_cut"
    assert not caught.value.unpaid


@pytest.mark.parametrize("finish", [name for name in FINISHES if name not in ("never named", "unknown")])
@pytest.mark.parametrize("then", [None, reset], ids=["closed", "reset"])
def test_a_whole_answer_needs_no_last_word(finish: str, then: Any) -> None:
    with raw_server(
        saying(head(), stream("text", finish, "crlf", "a space", "nothing", done=False), then=then)
    ) as server:
        assert json.loads(Asking().of(Provider(server.base_url)).text)


REFUSALS: dict[str, Callable[[str], dict[str, Any]]] = {
    "a parameter": lambda field: {"error": {"message": "Unsupported", "param": field, "code": "unsupported_parameter"}},
    "a place": lambda field: {"detail": [{"type": "extra_forbidden", "loc": ["body", field], "msg": "Extra inputs"}]},
    "a sentence": lambda field: {"error": {"message": f"Unrecognized request argument supplied: '{field}'"}},
    "a path": lambda field: {"error": {"message": "bad", "param": f"{field}.include_usage"}},
    "nested": lambda field: {"error": {"metadata": {"raw": json.dumps({"error": {"param": field}})}}},
}


@pytest.mark.parametrize("shape", REFUSALS)
@pytest.mark.parametrize("field", ["user", "stream_options", "response_format", "max_tokens"])
@pytest.mark.parametrize("status", ["400 Bad Request", "422 Unprocessable", "404 Not Found"])
def test_a_field_that_is_refused_is_left_out(shape: str, field: str, status: str) -> None:
    def script(connection: socket.socket) -> None:
        sent = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
        if field in sent and not (field == "response_format" and sent[field]["type"] == "json_object"):
            connection.sendall(head("application/json", status) + json.dumps(REFUSALS[shape](field)).encode())
        else:
            connection.sendall(head() + stream("text", "at the end", "lf", "a space", "nothing"))

    with raw_server(script) as server:
        asking, provider = Asking(), Provider(server.base_url)
        assert asking.of(provider).text == TEXT
        assert Asking().of(provider).text == TEXT
    assert (asking.asked, len(server.requests)) == (2, 3)


def test_a_server_that_refuses_all_that_can_be_left_out_is_still_asked() -> None:
    def script(connection: socket.socket) -> None:
        sent = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
        more = sorted(set(sent) - {"model", "messages", "stream"})
        if more:
            refusal = {"error": {"message": f"Unknown field: `{more[0]}`"}}
            connection.sendall(head("application/json", "400 Bad Request") + json.dumps(refusal).encode())
        else:
            connection.sendall(head() + stream("text", "at the end", "lf", "a space", "nothing"))

    with raw_server(script) as server:
        assert Asking().of(Provider(server.base_url)).text == TEXT
    assert len(server.requests) == 7


def test_a_refusal_that_names_no_field_is_final() -> None:
    refusal = json.dumps({"error": {"message": "The user asked for a model that does not exist"}}).encode()
    with raw_server(saying(head("application/json", "404 Not Found"), refusal)) as server:
        with pytest.raises(ProviderError, match="provider_bad_request"):
            Asking().of(Provider(server.base_url))
        assert len(server.requests) == 1
