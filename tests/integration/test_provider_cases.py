"""Realistic model servers: each row of cases/provider.json against the real worker and client over sockets.

The file has a server's bytes, and the required outcome in words; EXPECTED has the outcome in a form to check. A retry
gets the same answer, unless the row's words say that it then works.
"""

import base64
import json
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from functions.process.ending import Ending, Handled
from functions.process.provider import call
from shared.domain.generation import Generation
from shared.domain.states import Status
from tests.factories import a_generation, an_input
from tests.integration.provider_servers import RawServer, head, raw_server
from tests.integration.wire_rig import Served
from tests.integration.worker_rig import Rig

CASES: dict[str, dict[str, Any]] = {
    case["name"]: case for case in json.loads((Path(__file__).parent / "cases/provider.json").read_text())["cases"]
}
BILL = Decimal("0.004")
RESERVE = Decimal("0.02")
OURS = frozenset({"provider_out_of_credit", "provider_key_refused"})


@dataclass(frozen=True)
class Expected:
    """The required outcome of a row. `then_works` is for a server that answers well when it is called again."""

    code: str = ""
    calls: int = 1
    cards: int = 12
    bill: Decimal | None = BILL
    delay: float | None = None
    held: bool = False
    then_works: bool = False
    requests: int = 1


WORKS = Expected()
FREE = Expected(bill=Decimal(0))
EXPECTED: dict[str, Expected] = {
    "finish_empty_cut": Expected("provider_stream_cut", held=True, delay=1.5),
    "mid_502": Expected("provider_unavailable", held=True, delay=1.5),
    "mid_overloaded_error": Expected("provider_unavailable", held=True, delay=1.5),
    "fr_abort": Expected("provider_error", delay=1.5),
    "429_after_1": Expected("provider_rate_limited", delay=2),
    "503_after_1": Expected("provider_unavailable", delay=2),
    "gemini_429_retrydelay": Expected("provider_rate_limited", delay=34),
    "azure_429_ms": Expected("provider_rate_limited", delay=45),
    "bedrock_424": Expected("provider_unavailable", delay=1.5),
    "openai_409": Expected("provider_unavailable", delay=1.5),
    "cf_524_html": Expected("provider_unavailable", delay=1.5),
    "fr_MAX_TOKENS": Expected("output_truncated"),
    "fr_SAFETY": Expected("output_filtered"),
    "azure_content_filter": Expected("output_filtered"),
    "or_403_key_limit": Expected("provider_out_of_credit"),
    "gemini_400_key": Expected("provider_key_refused"),
    "anthropic_400_credit": Expected("provider_out_of_credit"),
    "openai_400_billing": Expected("provider_out_of_credit"),
    "vllm_new_context": Expected("provider_input_too_large"),
    "vllm_flat_context": Expected("provider_input_too_large"),
    "openai_429_too_large": Expected("provider_input_too_large"),
    "http_token_limit_exceeded": Expected("provider_out_of_credit"),
    "mids_payment_required": Expected("provider_out_of_credit"),
    "mids_authentication": Expected("provider_key_refused"),
    "or_402": Expected("provider_out_of_credit"),
    "openai_429_quota": Expected("provider_out_of_credit"),
    "groq_json_validate": Expected(calls=2, then_works=True, requests=2),
    "mistral_422": Expected(then_works=True, requests=2),
    "deepseek_400_schema": Expected(then_works=True, requests=2),
    "404_modalities": Expected(then_works=True, requests=2),
    "empty_once_then_good": Expected(calls=2, then_works=True, requests=2),
    "array_only": Expected(calls=2, then_works=True, requests=2, bill=2 * BILL),
    "utf8_split": replace(FREE, cards=1),
    "no_done_no_usage_close": FREE,
    "rst_after_finish": FREE,
}
PICTURES = {
    "jpeg_says_png": "image/jpeg",
    "image_url_string": "image/png",
    "content_parts": "image/png",
    "b64_json": "image/png",
    "thought_then_final": "image/png",
    "404_modalities": "image/png",
}


@pytest.fixture(autouse=True)
def _at_a_fifth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up silent servers five times as soon: the rows' servers are as much quicker."""
    monkeypatch.setattr(call, "QUIET_SECONDS", call.QUIET_SECONDS / 5)
    monkeypatch.setattr(call, "STUMP_QUIET_SECONDS", call.STUMP_QUIET_SECONDS / 5)


def play(case: dict[str, Any], stream: socket.socket) -> None:
    for part in case["server_sends"]:
        if "text" in part:
            stream.sendall(part["text"].encode())
        elif "base64" in part:
            stream.sendall(base64.b64decode(part["base64"]))
        elif "wait_seconds" in part:
            time.sleep(part["wait_seconds"])
        else:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.close()


def works(stream: socket.socket, *, draws: bool) -> None:
    """Answer as a server should."""
    case = CASES["image_url_string" if draws else "crlf_nospace"]
    play(case, stream)


@pytest.fixture(params=CASES)
def row(request: pytest.FixtureRequest) -> Iterator[tuple[str, Expected, RawServer]]:
    name: str = request.param
    expected, answered = EXPECTED.get(name, WORKS), list[int]()

    def script(stream: socket.socket) -> None:
        answered.append(1)
        if expected.then_works and len(answered) > 1:
            works(stream, draws=name in PICTURES)
        else:
            play(CASES[name], stream)

    with raw_server(script) as server:
        yield name, expected, server


def handled_by(rig: Rig, server: RawServer, *, draws: bool) -> tuple[Served, Handled, Generation]:
    served = Served(rig, server.base_url)
    content = an_input()
    if draws:
        content = replace(content, content={"prompt": "a cell"})
    new = replace(a_generation(rig.clock), kind="image" if draws else "flashcards")
    created = rig.store.admission.create(new, replace(content, model="fake/model"))
    handled = served.handle(created)
    return served, handled, rig.read(created)


def test_what_a_server_really_sends_comes_to_what_it_must(rig: Rig, row: tuple[str, Expected, RawServer]) -> None:
    name, expected, server = row
    _, handled, after = handled_by(rig, server, draws=name in PICTURES)
    assert len(server.requests) == expected.requests
    if expected.code == "":
        assert after.error is None
        assert (handled.ending, after.calls) == (Ending.SUCCEEDED, expected.calls)
        assert after.usage.cost_usd == expected.bill
        (step,) = rig.steps(after)
        if name in PICTURES:
            (picture,) = step.result["images"]
            assert picture["content_type"] == PICTURES[name]
            assert picture["width"] == (16 if name == "jpeg_says_png" else 8)
        else:
            assert len(step.result["suggestions"]) == expected.cards
            assert (after.usage.prompt_tokens > 0) == (expected.bill != 0)
    elif expected.delay is not None:
        (event,) = rig.events(after)
        assert (handled.ending, after.status, event.code) == (Ending.RELEASED, Status.PENDING, expected.code)
        assert event.delay_seconds == expected.delay
        assert after.reserved_usd == (RESERVE if expected.held else 0)
        assert (after.step_calls == 0) == (not expected.held and after.usage.calls == 0)
    else:
        assert after.error is not None
        assert (handled.ending, after.error.code) == (Ending.FAILED, expected.code)
        assert handled.ours == (expected.code in OURS)


def test_the_file_has_a_row_for_all_that_is_expected() -> None:
    assert set(EXPECTED) | set(PICTURES) <= set(CASES)
    assert len(CASES) == 72


@pytest.mark.parametrize("name", ["429_after_1", "503_after_1"])
def test_an_hour_of_a_told_second_ends_by_what_it_was_near_the_deadline(rig: Rig, name: str) -> None:
    with raw_server(lambda stream: play(CASES[name], stream)) as server:
        served, handled, after = handled_by(rig, server, draws=False)
        began = rig.clock.monotonic()
        while handled.ending is Ending.RELEASED:
            assert after.not_before is not None
            rig.clock.pass_seconds((after.not_before - rig.clock.now()).total_seconds())
            handled = served.handle(after)
            after = rig.read(after)
    assert after.error is not None
    assert after.error.code == ("provider_rate_limited" if name == "429_after_1" else "provider_unavailable")
    assert rig.clock.monotonic() - began > 600
    assert (after.step_calls, after.usage.cost_usd) == (1, Decimal(0)), "no more than the last, which ended it"
    assert 8 <= len(server.requests) <= 12


def test_what_a_server_refused_is_left_out_from_then_on(rig: Rig) -> None:
    asked: list[dict[str, Any]] = []

    def script(stream: socket.socket) -> None:
        body = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
        asked.append(body)
        play(CASES["mistral_422"], stream) if "user" in body else works(stream, draws=False)

    with raw_server(script) as server:
        served, handled, _ = handled_by(rig, server, draws=False)
        assert handled.ending is Ending.SUCCEEDED
        again = rig.store.admission.create(a_generation(rig.clock), replace(an_input(), model="fake/model"))
        assert served.handle(again).ending is Ending.SUCCEEDED
    assert ["user" in body for body in asked] == [True, False, False]


def test_the_next_weaker_form_is_asked_for_where_the_schema_is_refused(rig: Rig) -> None:
    forms: list[Any] = []

    def script(stream: socket.socket) -> None:
        body = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
        forms.append(body.get("response_format", {}).get("type"))
        works(stream, draws=False) if forms[-1] is None else play(CASES["deepseek_400_schema"], stream)

    with raw_server(script) as server:
        _, handled, after = handled_by(rig, server, draws=False)
    assert forms == ["json_schema", "json_object", None]
    assert (handled.ending, after.calls) == (Ending.SUCCEEDED, 1)


def test_the_repair_names_the_form(rig: Rig) -> None:
    with raw_server(lambda stream: play(CASES["array_only"], stream)) as server:
        _, handled, _ = handled_by(rig, server, draws=False)
    assert handled.ending is Ending.FAILED
    turns = json.loads(server.requests[1].partition(b"\r\n\r\n")[2])["messages"]
    for word in ("suggestions", "front", "back", "200", "500", "30"):
        assert word in turns[-1]["content"]
        assert word in turns[0]["content"]


@pytest.mark.parametrize("status", ["400 Bad Request", "500 Oops"])
def test_a_key_that_is_out_of_credit_is_the_users_where_the_user_brought_it(rig: Rig, status: str) -> None:
    body = b'{"detail": "ExceededBudget: Budget has been exceeded! Current cost: 5.1, Max budget: 5.0"}'
    with raw_server(lambda stream: stream.sendall(head("application/json", status) + body)) as server:
        _, handled, after = handled_by(rig, server, draws=False)
    assert after.error is not None
    assert (after.error.code, handled.ours) == ("provider_out_of_credit", True)
