"""The faults of the local model server that end a stream early or never, and what the ledger says of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from local.model_server import ModelServer

AUTHORIZATION = {"Authorization": "Bearer a made-up key"}
TEXT = "A cell is the smallest unit of life. A gene is a stretch of DNA. Enzymes are proteins that speed up reactions. "
LIMIT_SECONDS = 60


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def body(model: str, stream: bool = True) -> dict[str, object]:
    schema = {"type": "object", "properties": {"note": {"type": "string"}}}
    shape = {"type": "json_schema", "json_schema": {"name": "note", "schema": schema}}
    messages = [{"role": "user", "content": TEXT}]
    return {"model": model, "messages": messages, "stream": stream, "response_format": shape}


def ask(server: ModelServer, model: str, stream: bool = True) -> httpx.Response:
    url = f"{server.base_url}/chat/completions"
    return httpx.post(url, json=body(model, stream), headers=AUTHORIZATION, timeout=LIMIT_SECONDS)


def leave_after(server: ModelServer, model: str, wanted: bytes) -> bytes:
    """Ask, read until `wanted` has come, and close the connection."""
    received = b""
    url = f"{server.base_url}/chat/completions"
    with httpx.stream("POST", url, json=body(model), headers=AUTHORIZATION, timeout=LIMIT_SECONDS) as response:
        for piece in response.iter_raw():
            received += piece
            if wanted in received:
                break
    return received


@pytest.mark.parametrize("model", ["local/hang", "local/drip", "local/slow:600"])
def test_a_client_that_leaves_before_any_content_has_not_paid(server: ModelServer, model: str) -> None:
    received = leave_after(server, model, b": OPENROUTER PROCESSING\n\n")
    calls = server.ledger.wait_for(lambda calls: calls[0].outcome is not None)
    assert b"data:" not in received
    assert (calls[0].outcome, calls[0].paid, calls[0].cost) == ("client_closed", False, 0)


def test_a_client_that_leaves_in_the_middle_has_paid_for_what_was_made(server: ModelServer) -> None:
    leave_after(server, "local/stream:100", b"data:")
    calls = server.ledger.wait_for(lambda calls: calls[0].outcome is not None)
    assert (calls[0].outcome, calls[0].paid) == ("client_closed", True)
    assert 0 < calls[0].completion_tokens < 20
    assert calls[0].cost > 0


def test_a_silent_model_sends_no_byte_and_notices_that_the_client_left(server: ModelServer) -> None:
    url = f"{server.base_url}/chat/completions"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=body("local/silent"), headers=AUTHORIZATION, timeout=0.3)
    calls = server.ledger.wait_for(lambda calls: calls[0].outcome is not None)
    assert (calls[0].outcome, calls[0].paid) == ("client_closed", False)


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_answer_ends_without_its_end_but_is_paid(server: ModelServer, stream: bool) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(server, "local/cut", stream)
    assert (server.ledger.calls[0].outcome, server.ledger.calls[0].paid) == ("cut", True)


def test_slow_content_comes_after_its_seconds_and_comments(server: ModelServer) -> None:
    began = time.monotonic()
    response = ask(server, "local/slow:1.2")
    assert time.monotonic() - began >= 1.2
    assert response.text.partition("data:")[0].count(": OPENROUTER PROCESSING") >= 3
    assert response.text.endswith("data: [DONE]\n\n")


def test_a_generation_that_is_hurried_has_the_rest_of_its_content_at_once_and_no_other(server: ModelServer) -> None:
    def asked(generation: str) -> AbstractContextManager[httpx.Response]:
        headers = {**AUTHORIZATION, "X-Unstuck-Generation": generation}
        url = f"{server.base_url}/chat/completions"
        return httpx.stream("POST", url, json=body("local/stream:100"), headers=headers, timeout=LIMIT_SECONDS)

    with asked("other"), asked("hurried") as running:
        lines = running.iter_lines()
        assert any(line.startswith("data:") for line in lines)
        assert httpx.post(f"http://127.0.0.1:{server.port}/_hurry/hurried").status_code == 200
        assert "data: [DONE]" in lines
        with asked("hurried") as later:
            assert later.read().endswith(b"data: [DONE]\n\n")
        calls = {call.outcome for call in server.ledger.calls if call.generation == "other"}
    assert calls == {None}


def test_an_error_in_a_200_comes_as_the_whole_body_or_in_the_stream(server: ModelServer) -> None:
    whole = ask(server, "local/error_in_200:429")
    assert (whole.status_code, whole.json()["error"]["code"]) == (200, 429)
    streamed = ask(server, "local/error_in_stream")
    events = [line for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == 502
    assert json.loads(events[-1].removeprefix("data: "))["choices"][0]["finish_reason"] == "error"
    assert [(call.outcome, call.paid) for call in server.ledger.calls] == [("error", False), ("error", True)]


def test_invalid_utf8_is_really_on_the_wire(server: ModelServer) -> None:
    with pytest.raises(UnicodeDecodeError):
        ask(server, "local/utf8").content.decode("utf-8")
    with pytest.raises(UnicodeDecodeError):
        ask(server, "local/utf8", stream=False).content.decode("utf-8")


def test_huge_is_fifty_megabytes_for_who_reads_on_and_ends_for_who_does_not(server: ModelServer) -> None:
    assert len(ask(server, "local/huge").content) > 50_000_000
    leave_after(server, "local/huge", b"data:")
    calls = server.ledger.wait_for(lambda calls: len(calls) == 2 and calls[1].outcome is not None)
    assert [call.outcome for call in calls] == ["answered", "client_closed"]


def test_stopping_ends_an_open_stream_at_once() -> None:
    server = ModelServer().start()
    url = f"{server.base_url}/chat/completions"
    with httpx.stream("POST", url, json=body("local/hang"), headers=AUTHORIZATION, timeout=LIMIT_SECONDS) as response:
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 30
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()
    assert server.ledger.calls[0].outcome == "server_stopped"


def test_the_ledger_keeps_labels_and_fingerprints_but_no_key_and_no_text(server: ModelServer) -> None:
    labels = {"X-Unstuck-Step": "extract", "X-Unstuck-Generation": "0197", "X-Unstuck-Attempt": "2"}
    url = f"{server.base_url}/chat/completions"
    httpx.post(url, json={**body("local/cards"), "user": "opaque"}, headers={**AUTHORIZATION, **labels})
    ledger_url = server.base_url.replace("/api/v1", "/_ledger")
    shown = httpx.get(ledger_url)
    (call,) = shown.json()["calls"]
    assert (call["step"], call["generation"], call["attempt"], call["user"]) == ("extract", "0197", "2", "opaque")
    assert len(call["key_fingerprint"]) == 8
    assert len(call["conversation"]) == 64
    assert "made-up key" not in shown.text
    assert "smallest unit" not in shown.text
    assert httpx.delete(ledger_url).json() == {"calls": []}
    assert server.ledger.calls == []


def test_another_host_name_and_other_routes_are_refused(server: ModelServer) -> None:
    assert httpx.get(f"{server.base_url}/models", headers={"Host": "evil.example:80"}).status_code == 421
    assert httpx.get(f"{server.base_url}/nothing").status_code == 404
    assert httpx.put(f"{server.base_url}/models").json()["error"]["code"] == 501


def start_process(folder: Path, module: str) -> tuple[subprocess.Popen[bytes], int]:
    port_file = folder / "port"
    command = [sys.executable, "-m", module, "--port", "0", "--port-file", str(port_file)]
    if module.endswith("model_server"):
        command += ["--ledger", str(folder / "ledger.jsonl")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603 (our own module)
    until = time.monotonic() + LIMIT_SECONDS
    while not port_file.exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    return process, int(port_file.read_text())


@pytest.mark.parametrize("module", ["local.model_server", "local.token_issuer"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_quietly(tmp_path: Path, module: str, number: signal.Signals) -> None:
    process, _ = start_process(tmp_path, module)
    process.send_signal(number)
    output, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert (process.returncode, output) == (0, b"")


def test_the_ledger_file_holds_a_line_for_the_begin_and_one_for_the_end(tmp_path: Path) -> None:
    process, port = start_process(tmp_path, "local.model_server")
    url = f"http://127.0.0.1:{port}/api/v1/chat/completions"
    httpx.post(url, json=body("local/cards"), headers=AUTHORIZATION, timeout=LIMIT_SECONDS)
    process.terminate()
    process.communicate(timeout=LIMIT_SECONDS)
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert [(line["event"], line["outcome"]) for line in lines] == [("begin", None), ("end", "answered")]


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "local.model_server", "--port-file", sys.argv[1]])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-c", PARENT, str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:  # noqa: S603 (our own script)
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until = time.monotonic() + LIMIT_SECONDS
        while not port_file.exists() and time.monotonic() < until:
            time.sleep(0.02)
        port = int(port_file.read_text())
        parent.kill()
    try:
        while listens(port):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        if listens(port):
            os.kill(child, signal.SIGKILL)


def listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/models", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
