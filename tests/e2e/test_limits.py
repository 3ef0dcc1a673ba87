"""Limits on an owner's starts, over HTTP: the idempotency key, the rate limit, and the two limits on open work and
money."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.gate import Gate
from tests.e2e.owner import Owner, own_text
from tests.e2e.test_bad_input import assert_problem

FIFTY = 50


def post(owner: Owner, key: str | None = None, **fields: str) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    body = {"source_text": own_text(), "model": "local/cards"} | fields
    return owner.http.post("/v1/generations", json=body, headers=headers)


def accepted(owner: Owner, answer: httpx.Response) -> str:
    assert answer.status_code == 202, answer.text
    generation_id = str(answer.json()["generation_id"])
    if generation_id not in owner.generations:
        owner.generations.append(generation_id)
    return generation_id


def end_all(owner: Owner) -> None:
    for generation_id in owner.generations:
        owner.wait_for_end(generation_id)


def test_the_same_request_with_its_key_gets_the_same_answer_whatever_became_of_it(alice: Owner) -> None:
    text, key = own_text(), str(uuid.uuid4())
    first = post(alice, f'"{key}"', source_text=text)
    accepted(alice, first)
    assert "idempotency-replayed" not in first.headers
    end_all(alice)
    again = post(alice, key, source_text=text, kind="flashcards")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("location", "retry-after"):
        assert again.headers[name] == first.headers[name]


def test_a_key_with_another_request_is_refused_and_one_that_is_none_too(alice: Owner) -> None:
    accepted(alice, post(alice, "one-key"))
    problem = assert_problem(post(alice, "one-key"), 422, "idempotency_key_reused")
    assert "one-key" not in str(problem)
    for key in ('"', '""', "x" * 256, '"a" "b"'):
        assert_problem(post(alice, key), 400, "idempotency_key_invalid")
    end_all(alice)


def test_a_double_click_makes_one_generation(alice: Owner) -> None:
    text, key, start = own_text(), str(uuid.uuid4()), threading.Barrier(4)

    def click(_: int) -> httpx.Response:
        start.wait()
        return post(alice, key, source_text=text)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    assert len({accepted(alice, answer) for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    end_all(alice)


@pytest.fixture
def few(stack: LocalStack) -> Iterator[None]:
    """Two generations in any 6 s: short enough to come back to."""
    with faults.environment(stack, "create", RATE_LIMITS="*=2/6"):
        yield


@pytest.mark.usefixtures("few")
def test_who_is_refused_comes_back_when_told_and_is_let_in(alice: Owner) -> None:
    for left in (1, 0):
        answer = post(alice)
        accepted(alice, answer)
        assert answer.headers["ratelimit-policy"] == '"create";q=2;w=6'
        assert answer.headers["ratelimit"].startswith(f'"create";r={left};t=')
    refused = post(alice)
    assert_problem(refused, 429, "rate_limited")
    assert refused.headers["ratelimit-policy"] == '"create";q=2;w=6'
    assert refused.headers["ratelimit"].startswith('"create";r=0;t=')
    time.sleep(int(refused.headers["retry-after"]))  # what a client does
    accepted(alice, post(alice))
    end_all(alice)


def test_more_than_may_run_at_once_are_refused_until_one_has_ended(stack: LocalStack, alice: Owner) -> None:
    with faults.environment(stack, "create", MAX_RUNNING="2"), faults.no_delivery(stack):
        for _ in range(2):
            accepted(alice, post(alice))
        refused = post(alice)
        assert_problem(refused, 429, "too_many_running")
        assert int(refused.headers["retry-after"]) > 0
        alice.cancel(alice.generations[0])
        accepted(alice, post(alice))
        assert_problem(post(alice), 429, "too_many_running")
    end_all(alice)


def test_nothing_starts_once_the_day_has_cost_enough(stack: LocalStack, alice: Owner) -> None:
    accepted(alice, post(alice))
    end_all(alice)
    assert faults.usage(stack, alice.name)["cost_usd"] > 0
    with faults.environment(stack, "create", MAX_DAILY_SPEND_USD="0.000001"):
        refused = post(alice)
        assert_problem(refused, 429, "daily_spend_reached")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400


@pytest.fixture
def losing_gate(stack: LocalStack) -> Iterator[Gate]:
    """`create` may be asked five times in 300 s, and reaches DynamoDB through a gate."""
    with faults.gated(stack, "create", "dynamodb") as gate, faults.environment(stack, "create", RATE_LIMITS="*=5/300"):
        yield gate


def test_of_fifty_at_once_five_are_accepted_whatever_answers_are_lost(
    stack: LocalStack, alice: Owner, losing_gate: Gate
) -> None:
    """Each is sent with its key until it gets an answer, as by a client: none is lost, doubled or left without an
    answer."""
    start, count, lost = threading.Barrier(FIFTY), itertools.count(), itertools.count()

    def is_lost(operation: str, _body: str) -> bool:
        """Lose every third write's answer: botocore sends it again, and some three times over."""
        return operation in {"PutItem", "TransactWriteItems"} and next(count) % 3 == 0 and next(lost) >= 0

    def submit(_: int) -> httpx.Response:
        text, key = own_text(), str(uuid.uuid4())
        start.wait()
        while (answer := post(alice, key, source_text=text)).status_code >= 500:
            pass
        return answer

    with losing_gate.losing(is_lost), ThreadPoolExecutor(FIFTY) as pool:
        answers = list(pool.map(submit, range(FIFTY)))
    assert next(lost) > 0
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    let_in = {accepted(alice, answer) for answer in answers if answer.status_code == 202}
    assert (len(let_in), len(refused)) == (5, 45)
    stored = [item for item in faults.items(stack, alice.name) if item["sk"].startswith("G#")]
    assert {item["sk"].removeprefix("G#") for item in stored} == let_in
    for item in stored:
        assert item["status"] not in {"pending", "running"} or "due_at" in item, "an open one is in the index"
    end_all(alice)
