"""The cases that both clients' tests read: what a Retry-After asks for, and what is no answer of the API's."""

import json
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.both import CALLERS
from tests.clients.scripted import Service, answer, generation
from unstuck import operations
from unstuck.answers import retry_after_of
from unstuck.client import Client
from unstuck.errors import BadAnswerError
from unstuck.exchange import Conditions, Patience
from unstuck.flow import Answer
from unstuck.models import GenerationDetail

CASES = Path(__file__).parent / "cases"
WAITS = json.loads((CASES / "retry_after.json").read_text(encoding="utf-8"))
ANSWERS = json.loads((CASES / "answers.json").read_text(encoding="utf-8"))
NOW = parsedate_to_datetime(WAITS["now"]).timestamp()
ID = ANSWERS["id"]
ONCE = Conditions(calls=Patience(tries=1), watching=Patience(tries=1))


@pytest.mark.parametrize("case", WAITS["cases"], ids=lambda case: case["name"])
@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_a_retry_after_is_read_and_kept_to_within_bounds(case: dict[str, Any], chance: float) -> None:
    named = {"retry-after": case["header"], "date": case.get("date")}
    refused = Answer(503, {name: value for name, value in named.items() if value is not None})
    assert retry_after_of(refused, NOW) == case["asks"]
    patient = Patience(seconds=1000, tries=None)
    service = Service([refused, answer(200, generation())], time=NOW, chance=lambda: chance)
    service.run(operations.get(service.conditions(calls=patient), service_id(), None, None))
    [waited] = service.slept
    assert case["waits"][0] <= waited <= case["waits"][1]


def service_id() -> str:
    return str(generation()["generation_id"])


def called(call: str) -> tuple[str, tuple[Any, ...]]:
    """Return the method of the client, and what to give it."""
    arguments: dict[str, tuple[str, tuple[Any, ...]]] = {
        "look": ("get", (ID,)),
        "list": ("feed_page", ()),
        "create": ("create", ({"kind": "haiku"},)),
        "decide": ("decide", (ID, 1, "accepted")),
        "erase": ("erase_me", ()),
        "cards": ("cards_page", ()),
        **{name: (name, (ID,)) for name in ("dismiss", "cancel", "events", "input")},
    }
    return arguments.get(call, (call, ()))


def body_of(case: dict[str, Any]) -> bytes:
    return str(case["text"]).encode() if "text" in case else json.dumps(case["body"]).encode()


@pytest.mark.parametrize("case", ANSWERS["cases"], ids=lambda case: f"{case['call']}: {case['name']}")
@pytest.mark.parametrize("make", CALLERS.values(), ids=list(CALLERS))
def test_what_is_no_answer_of_the_apis_is_said_to_be_none(make: Any, case: dict[str, Any]) -> None:
    def serve(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(case["status"], content=body_of(case), headers=case.get("headers"))

    method, arguments = called(case["call"])
    call = make("https://api.example", serve, ONCE)
    if case["is"] == "invalid":
        with pytest.raises(BadAnswerError) as caught:
            call(method, *arguments)
        assert caught.value.code == "invalid_answer"
    else:
        found = call(method, *arguments)
        if isinstance(found, GenerationDetail) and case["call"] == "look":
            assert found.ended is (case["is"] == "ended")


@pytest.mark.parametrize(
    "case", [case for case in ANSWERS["cases"] if case["call"] == "look"], ids=lambda case: case["name"]
)
def test_only_an_end_ends_a_watch(case: dict[str, Any]) -> None:
    """Whatever came first: the end that comes after it is what a wait returns."""
    first = case["is"] == "ended"
    last = {**generation("succeeded", 9), "generation_id": ID}
    script = [(case["status"], body_of(case)), (200, json.dumps(last).encode())]

    def serve(_request: httpx.Request) -> httpx.Response:
        status, body = script.pop(0)
        return httpx.Response(status, content=body)

    with Client("https://api.example", "t", transport=httpx.MockTransport(serve), sleep=lambda _: None) as client:
        found = client.wait(ID, check=False)
    assert found.version == (case["body"]["version"] if first else 9)
    assert len(script) == int(first)
