"""Sends a unique key and a unique phrase through every way in which a generation can end, with all logs on.

Afterwards it searches everything that the stack has written or answered. The key must be nowhere, not even encrypted.
The phrase must be only where the input and its results belong.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from tests.canary import Secret
from tests.e2e import faults, messages
from tests.e2e.contract import assert_described
from tests.e2e.owner import TEXT, Owner, eventually

EVERYTHING_ON = {
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "POWERTOOLS_DEBUG": "true",
    "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    "PYTHONASYNCIODEBUG": "1",
}
"""Whatever of the environment makes any part talk more."""
PHRASE_BELONGS = ("I#", "S#")


@dataclass
class Flight:
    """One owner's generations, and everything visible from outside while they were running."""

    stack: LocalStack
    key: Secret = field(default_factory=Secret)
    refused_key: Secret = field(default_factory=lambda: Secret(f"bad-{Secret().text}"))
    phrase: Secret = field(default_factory=Secret)
    ended: dict[str, str] = field(default_factory=dict)
    """The generations, each by the way in which it ended."""
    answers: list[tuple[str, str]] = field(default_factory=list)
    """Every answer: the call, and its headers and body."""
    seen: dict[str, set[str]] = field(default_factory=dict)
    """The messages' bodies, by queue."""

    def __post_init__(self) -> None:
        self.owner = Owner(self.stack, f"canary-{uuid.uuid4()}")
        self.owner.http.event_hooks = {"response": [assert_described, self._keep]}

    def _keep(self, response: httpx.Response) -> None:
        call = f"{response.request.method} {response.request.url.path.partition('$default')[2]}"
        self.answers.append((call, f"{response.headers!r} {response.text}"))

    def submit(self, ending: str, model: str, key: Secret | None = None) -> str:
        fields = {"source_text": f"{TEXT} The {self.phrase.text} is an organelle of the cell. {uuid.uuid4()}"}
        self.ended[ending] = self.owner.submit(model, **fields, user_provided_key=(key or self.key).text)
        return self.ended[ending]

    def end(self, ending: str) -> dict[str, Any]:
        return self.owner.wait_for_end(self.ended[ending])

    @contextmanager
    def watching_the_queues(self) -> Iterator[None]:
        """Look into the queues again and again: a message is there for moments only."""
        stop = threading.Event()
        urls = (self.stack.queue_url, self.stack.isolated_queue_url, self.stack.dead_letter_queue_url)

        def watch() -> None:
            while not stop.wait(0.02):
                for url in urls:
                    found = messages.in_queue(self.stack, url, self.owner.name)
                    self.seen.setdefault(url, set()).update(message["Body"] for message in found)

        thread = threading.Thread(target=watch, name="queues")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def succeed(flight: Flight) -> None:
    flight.submit("succeeded", "local/cards")
    assert flight.end("succeeded")["status"] == "succeeded"


def succeed_after_a_repair(flight: Flight) -> None:
    flight.submit("repaired", "local/repair")
    assert flight.end("repaired")["usage"]["calls"] >= 2


def be_refused(flight: Flight) -> None:
    flight.submit("refused", "local/cards", flight.refused_key)
    assert flight.end("refused")["error"]["code"] == "user_key_refused"


def not_fit(flight: Flight) -> None:
    flight.submit("of no use", "local/schema")
    assert flight.end("of no use")["error"]["code"] == "output_invalid"


def be_canceled(flight: Flight) -> None:
    generation_id = flight.submit("canceled", "local/stream:60")
    flight.owner.wait_for(generation_id, lambda found: found["progress"] > 5)
    assert flight.owner.cancel(generation_id)["status"] == "canceled"


def be_rescued(flight: Flight) -> None:
    generation_id = flight.submit("rescued", "local/slow_first:1:20")
    eventually(lambda: faults.calls(flight.stack, generation_id), bool)
    faults.kill(faults.worker_of(flight.stack, flight.owner.name, generation_id))
    assert flight.end("rescued")["attempt"] >= 2


def be_released(flight: Flight) -> None:
    flight.submit("released", "local/limited:1:1")
    assert flight.end("released")["attempt"] >= 2


def be_late(flight: Flight) -> None:
    with faults.no_delivery(flight.stack):
        generation_id = flight.submit("late", "local/cards")
        faults.change_head(flight.stack, flight.owner.name, generation_id, {"deadline_at": 1})
        assert flight.end("late")["error"]["code"] == "deadline_exceeded"


def be_retried(flight: Flight) -> None:
    path = f"/v1/generations/{flight.ended['refused']}/retry"
    assert flight.owner.http.post(path).json()["code"] == "user_key_required"
    answer = flight.owner.http.post(path, json={"user_provided_key": flight.key.text})
    flight.ended["retried"] = str(answer.json()["generation_id"])
    flight.owner.generations.append(flight.ended["retried"])
    assert flight.end("retried")["status"] == "succeeded"


def be_let_in_by_nobody(flight: Flight) -> None:
    """Refused bodies get errors that echo nothing of them."""
    good = {"source_text": TEXT, "user_provided_key": flight.key.text}
    for body in (
        {**good, "model": flight.phrase.text},
        {**good, "user_provided_key": f"{flight.key.text} {flight.phrase.text}"},
        {**good, flight.phrase.text: flight.key.text},
    ):
        assert flight.owner.http.post("/v1/generations", json=body).status_code == 400
    with faults.denied(flight.stack, "create", "kms:Encrypt"):
        answer = flight.owner.http.post("/v1/generations", json=good)
    assert (answer.status_code, answer.json()["code"], "retry-after" in answer.headers) == (503, "unavailable", True)


def ask_for_everything(flight: Flight) -> None:
    for generation_id in flight.owner.generations:
        for part in ("", "/events", "/input"):
            assert flight.owner.http.get(f"/v1/generations/{generation_id}{part}").status_code == 200
    for call in ("/v1/generations", "/v1/usage", "/v1/cards", "/v1/health"):
        assert flight.owner.http.get(call).status_code == 200


WAYS: tuple[Callable[[Flight], None], ...] = (
    succeed, succeed_after_a_repair, be_refused, not_fit, be_canceled, be_rescued, be_released, be_late, be_retried,
    be_let_in_by_nobody, ask_for_everything,
)  # fmt: skip


@pytest.fixture(scope="module")
def flight(stack: LocalStack) -> Iterator[Flight]:
    """Every way is gone once, for all tests: what is left of it is what they look at."""
    with faults.deployment(stack, **EVERYTHING_ON):
        flown = Flight(stack)
        with flown.watching_the_queues():
            for way in WAYS:
                way(flown)
        # The lines of an invocation are there when it has ended.
        eventually(
            lambda: stack.log_lines("process"), lambda lines: any(flown.ended["retried"] in one for one in lines)
        )
        yield flown
        flown.owner.close()


def items_of(flight: Flight) -> list[dict[str, Any]]:
    return faults.items(flight.stack, flight.owner.name)


def test_the_keys_are_in_no_log_line_and_neither_is_the_phrase(flight: Flight) -> None:
    for function in faults.FUNCTIONS:
        lines = flight.stack.log_lines(function)
        assert lines, f"{function} has logged nothing"
        for secret in (flight.key, flight.refused_key, flight.phrase):
            assert [line for line in lines if secret.is_in(line)] == []
    metrics = [line for line in flight.stack.log_lines("process") if '"_aws"' in line]
    assert metrics, "the lines of the metrics were among them"


def test_the_messages_of_both_queues_hold_neither(flight: Flight) -> None:
    assert flight.seen[flight.stack.queue_url]
    assert flight.seen[flight.stack.isolated_queue_url], "the rescued one's"
    assert flight.seen[flight.stack.dead_letter_queue_url] == set()
    for secret in (flight.key, flight.refused_key, flight.phrase):
        assert not secret.is_in(list(flight.seen.values()))


def test_after_the_end_the_keys_are_in_no_item_not_even_sealed(flight: Flight) -> None:
    found = items_of(flight)
    assert {item["sk"][:2] for item in found} >= {"G#", "I#", "S#", "U#", "E#"}
    assert [item["sk"] for item in found if item["sk"].startswith("Y#")] == []
    for secret in (flight.key, flight.refused_key):
        assert [item["sk"] for item in found if secret.is_in(item)] == []


def test_the_phrase_is_stored_as_input_and_result_alone(flight: Flight) -> None:
    holding = [item["sk"] for item in items_of(flight) if flight.phrase.is_in(item)]
    assert {f"I#{generation_id}" for generation_id in flight.ended.values()} <= set(holding)
    assert [sort_key for sort_key in holding if not sort_key.startswith(PHRASE_BELONGS)] == []


def test_no_other_owners_item_and_no_object_holds_either(flight: Flight) -> None:
    stack, client = flight.stack, flight.stack.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=stack.table_name, ConsistentRead=True)
    others = [item for page in pages for item in page["Items"] if item["pk"]["S"] != flight.owner.name]
    s3 = stack.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=stack.bucket_name).get("Contents", [])]
    objects = [s3.get_object(Bucket=stack.bucket_name, Key=key)["Body"].read() for key in keys]
    for secret in (flight.key, flight.refused_key, flight.phrase):
        assert not secret.is_in([others, keys, objects])


def test_no_answer_shows_a_key_and_the_phrase_is_shown_as_input_and_output_alone(flight: Flight) -> None:
    for secret in (flight.key, flight.refused_key):
        assert [call for call, answer in flight.answers if secret.is_in(answer)] == []
    showing = [(call, answer) for call, answer in flight.answers if flight.phrase.is_in(answer)]
    inputs = {f"GET /v1/generations/{generation_id}/input" for generation_id in flight.ended.values()}
    outputs = {f"GET /v1/generations/{generation_id}" for generation_id in flight.ended.values()}
    assert {call for call, _ in showing} >= inputs
    assert {call for call, answer in showing if '"output":' not in answer} == inputs
    assert {call for call, answer in showing if '"output":' in answer} <= outputs


def test_the_model_server_was_given_the_users_keys_and_never_ours(flight: Flight) -> None:
    for ending, generation_id in flight.ended.items():
        key = flight.refused_key if ending == "refused" else flight.key
        found = {call["key_fingerprint"] for call in faults.calls(flight.stack, generation_id)}
        assert found == (set() if ending == "late" else {faults.fingerprint(key.text)}), ending
    assert not flight.key.is_in(flight.stack.ledger()), "it keeps no key itself"
