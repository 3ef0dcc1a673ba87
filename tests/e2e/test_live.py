"""Owners who are connected are told of each change within a second; whatever fails, looks find the same."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from functions.process.partials import MOST_MESSAGES
from local.deployment import client
from local.stack import LocalStack
from shared.store.connections import MOST_CONNECTIONS
from shared.store.items import unmarshal
from tests.canary import Secret
from tests.e2e import faults
from tests.e2e.listening import Listener, is_of, ticket
from tests.e2e.owner import TERMINAL, TEXT, Owner, eventually, own_text


def connected(stack: LocalStack, owner: str) -> list[dict[str, Any]]:
    """Return what is noted of an owner's connections."""
    found = stack.client("dynamodb").query(
        TableName=stack.live_table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": owner}},
        ConsistentRead=True,
    )
    return [unmarshal(item) for item in found["Items"]]


def id_of(frame: dict[str, Any]) -> str:
    """Return which generation a frame tells of."""
    return str(frame["generation_id"] if frame["type"] == "partial" else frame["generation"]["generation_id"])


def heads_in(heard: Listener) -> list[dict[str, Any]]:
    return [frame for frame in heard.frames if frame["type"] == "generation"]


def is_past(version: int, frame: dict[str, Any]) -> bool:
    return int(frame["generation"]["version"]) > version


def refusal(url: str, **headers: str) -> int:
    """Return the status that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, proxy=None, open_timeout=60):
        pass
    return int(refused.value.response.status_code)


def test_each_tab_of_an_owner_is_told_of_each_step_and_nobody_else_of_any(
    stack: LocalStack, new_owner: Callable[[], Owner]
) -> None:
    alice, bob = new_owner(), new_owner()
    with Listener(alice.http) as one, Listener(alice.http) as two, Listener(bob.http) as other:
        bobs = bob.submit()
        generation_id = alice.submit("local/stream:3")
        for heard in (one, two):
            end = heard.wait_for_end(generation_id)
            assert end["generation"]["status"] == "succeeded"
            assert "output" not in end["generation"]
            versions = [frame["generation"]["version"] for frame in heard.of(generation_id)]
            assert versions == sorted(versions)
            assert {frame["generation"]["status"] for frame in heard.of(generation_id)} == {"running", "succeeded"}
            assert any(0 < frame["generation"]["progress"] < 100 for frame in heard.of(generation_id))
        other.wait_for_end(bobs)
        assert {id_of(frame) for frame in one.frames + two.frames} == {generation_id}
        assert {id_of(frame) for frame in other.frames} == {bobs}
        assert len(connected(stack, alice.name)) == 2
        # What the last frame says is what a look finds, but for the output.
        seen = alice.look(generation_id)
        assert {name: seen.get(name) for name in end["generation"]} == end["generation"]
    eventually(lambda: connected(stack, alice.name), lambda found: found == [])


def test_a_ticket_lets_in_once_and_nothing_else_does(stack: LocalStack, alice: Owner) -> None:
    origins = stack.parameters["AllowedOrigins"].split(",")
    asked = ticket(alice.http)
    assert 3500 < asked["ends_at"] - time.time() <= 3600, "as long as the token"
    assert refusal(asked["url"], Origin="https://evil.example") == 403
    with Listener(alice.http, asked["url"], {"Origin": origins[0]}):
        assert refusal(asked["url"]) == 403
    base = asked["url"].partition("?")[0]
    assert refusal(f"{base}?ticket={'0' * 32}") == 403
    assert refusal(base) == 401
    assert httpx.post(f"{stack.api_url}/v1/live", timeout=30).status_code == 401


def test_nothing_that_is_sent_is_answered_and_a_ping_keeps_the_connection(alice: Owner) -> None:
    with Listener(alice.http) as heard:
        for text in ('{"action":"ping"}', "no json", '{"action":"subscribe","owner":"bob"}'):
            heard.socket.send(text)
        alice_s = alice.submit()
        heard.wait_for_end(alice_s)
        assert {id_of(frame) for frame in heard.frames} == {alice_s}


def test_an_owner_has_eight_connections_and_a_ninth_is_refused_and_polls(stack: LocalStack, alice: Owner) -> None:
    early = [ticket(alice.http)["url"] for _ in range(MOST_CONNECTIONS + 1)]
    with ExitStack() as tabs:
        for url in early[:-1]:
            tabs.enter_context(Listener(alice.http, url))
        answer = alice.http.post("/v1/live")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_connections")
        assert refusal(early[-1]) >= 400, "a ticket that was given before does not get around it"
        assert len(connected(stack, alice.name)) == MOST_CONNECTIONS
    eventually(lambda: alice.http.post("/v1/live").status_code, lambda status: status == 200)


@pytest.fixture
def leaver(stack: LocalStack) -> Iterator[Owner]:
    """An owner whose generations a test changes by hand, or erases."""
    owner = Owner(stack, f"leaver-{uuid.uuid4()}")
    yield owner
    owner.close()


@contextmanager
def changing(stack: LocalStack, owner: str, generation_id: str) -> Iterator[None]:
    """Change a head every 25 ms for the length of the block."""
    over, dynamodb = threading.Event(), stack.client("dynamodb")
    key = {"pk": {"S": owner}, "sk": {"S": f"G#{generation_id}"}}

    def change() -> None:
        while not over.wait(0.025):
            dynamodb.update_item(
                TableName=stack.table_name,
                Key=key,
                UpdateExpression="ADD version :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_none_of_25_who_connect_while_a_head_changes_every_25_ms_is_deaf(stack: LocalStack, leaver: Owner) -> None:
    generation_id = leaver.submit()
    leaver.wait_for_end(generation_id)
    with changing(stack, leaver.name, generation_id):
        for _ in range(25):
            with Listener(leaver.http) as heard:
                heard.wait_for(lambda frame: is_of(frame, generation_id))
                seen = heads_in(heard)[0]["generation"]["version"]
                heard.wait_for(partial(is_past, seen))


def test_a_push_that_is_denied_everything_costs_nothing_but_its_news(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as heard:
        for action in ("dynamodb:GetItem", "dynamodb:Query", "execute-api:ManageConnections"):
            with faults.denied(stack, "push", action):
                assert alice.wait_for_end(alice.submit())["status"] == "succeeded", "looks find it"
        after = alice.submit()
        heard.wait_for_end(after)
        assert not heard.closed, "the same connection"
        assert len(heard.of(after)) == len(heads_in(heard)), "and nothing of the others ever came"


def test_a_message_that_is_lost_is_made_good_by_the_next_one(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as heard:
        generation_id = alice.submit("local/stream:6")
        heard.wait_for(lambda frame: is_of(frame, generation_id))
        with faults.denied(stack, "push", "execute-api:ManageConnections"):
            lost_until = alice.wait_for(generation_id, lambda found: found["progress"] >= 30)["version"]
        beat = heard.wait_for(lambda frame: is_of(frame, generation_id) and is_past(lost_until, frame))
        assert beat["generation"]["progress"] >= 30, "a frame is a whole state"
        heard.wait_for_end(generation_id)


def test_a_connection_that_is_closed_ends_alone_and_a_new_one_hears(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as stays:
        [stayed] = connected(stack, alice.name)
        with Listener(alice.http) as cut:
            [own] = [each for each in connected(stack, alice.name) if each != stayed]
            client("apigatewaymanagementapi", stack.live_stage).delete_connection(ConnectionId=own["sk"])
            cut.wait_until_closed()
            eventually(lambda: connected(stack, alice.name), lambda found: found == [stayed])
            with Listener(alice.http) as again:
                generation_id = alice.submit()
                for heard in (stays, again):
                    heard.wait_for_end(generation_id)


def test_a_connection_whose_item_is_lost_is_silent_and_a_new_one_is_not(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as deaf:
        [item] = connected(stack, alice.name)
        key = {"pk": {"S": alice.name}, "sk": {"S": item["sk"]}}
        stack.client("dynamodb").delete_item(TableName=stack.live_table_name, Key=key)
        generation_id = alice.submit("local/stream:3")
        alice.wait_for(generation_id, lambda found: found["status"] == "running")
        with Listener(alice.http) as again:
            again.wait_for_end(generation_id)
        assert deaf.frames == []


def test_a_dead_worker_is_healed_by_the_look_that_a_healthy_connection_hints_at(
    stack: LocalStack, alice: Owner
) -> None:
    with Listener(alice.http) as heard:
        generation_id = alice.submit("local/stream:6")
        heard.wait_for(lambda frame: is_of(frame, generation_id) and frame["generation"]["progress"] > 0)
        faults.kill(faults.worker_of(stack, alice.name, generation_id))
        last = heard.of(generation_id)[-1]
        lease = float(stack.parameters["LeaseSeconds"])
        assert lease < last["look_after_seconds"] + 1 <= lease + 1.5
        at = heard.heard_at[heard.frames.index(last)] + last["look_after_seconds"] + 0.5
        threading.Event().wait(max(0.0, at - time.monotonic()))  # this is what is hinted at
        alice.look(generation_id)
        told = heard.wait_for(lambda frame: is_of(frame, generation_id) and frame["generation"]["attempt"] == 2)
        assert told["generation"]["status"] in ("running", "pending", *TERMINAL)
        assert heard.wait_for_end(generation_id)["generation"]["status"] == "succeeded"


def test_without_the_table_of_connections_nobody_gets_in_and_everything_else_works(
    stack: LocalStack, alice: Owner
) -> None:
    asked = ticket(alice.http)
    for action in ("dynamodb:Query", "dynamodb:PutItem"):
        with faults.denied(stack, "live", action):
            answer = alice.http.post("/v1/live")
            assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    with faults.denied(stack, "live", "dynamodb:DeleteItem"):
        assert refusal(asked["url"]) >= 400
        assert alice.wait_for_end(alice.submit())["status"] == "succeeded"
    with Listener(alice.http):
        pass


def test_a_connection_is_told_nothing_once_its_token_has_expired(stack: LocalStack, alice: Owner) -> None:
    with httpx.Client(base_url=stack.api_url, timeout=30) as short:
        short.headers["authorization"] = f"Bearer {stack.token(alice.name, ttl_seconds=8)}"
        asked = ticket(short)
        assert asked["ends_at"] - time.time() <= 8
        with Listener(short, asked["url"]) as heard:
            heard.wait_for_end(alice.submit())
            eventually(time.time, lambda now: now > asked["ends_at"])
            before = len(heads_in(heard))
            with Listener(alice.http) as renewed:
                renewed.wait_for_end(alice.submit())
            assert len(heads_in(heard)) == before


def test_an_erasure_closes_the_owners_connections_and_leaves_none(stack: LocalStack, leaver: Owner) -> None:
    with Listener(leaver.http) as heard, Listener(leaver.http) as second:
        running = leaver.submit("local/stream:60")
        heard.wait_for(lambda frame: is_of(frame, running))
        before = len(heard.frames)
        assert leaver.http.delete("/v1/me").status_code == 202
        heard.wait_until_closed()
        second.wait_until_closed()
        assert connected(stack, leaver.name) == []
        heads = [frame for frame in heard.frames[before:] if frame["type"] == "generation"]
        assert all(frame["generation"]["status"] == "running" for frame in heads), "of the erasure nothing is told"
    eventually(lambda: leaver.http.delete("/v1/me").status_code, lambda status: status == 200)
    assert connected(stack, leaver.name) == []


def test_neither_content_nor_tickets_nor_owners_are_in_the_logs(stack: LocalStack, alice: Owner) -> None:
    phrase = Secret()
    with Listener(alice.http) as heard:
        generation_id = alice.submit(source_text=f"{TEXT} The {phrase.text} is an organelle of the cell.")
        heard.wait_for_end(generation_id)
        assert phrase.text not in json.dumps(heads_in(heard)), "a head holds nothing of what was written"
        with faults.denied(stack, "push", "execute-api:ManageConnections"):
            alice.wait_for_end(alice.submit())
    lines = eventually(
        lambda: [line for name in ("live", "push") for line in stack.log_lines(name)],
        lambda found: any("changes were not pushed" in line for line in found),
    )
    secret = heard.url.partition("ticket=")[2]
    for line in lines:
        assert phrase.text not in line
        assert secret not in line
        assert alice.name not in line


STEPS = {"flashcards": ["cards"], "story": ["outline", "chapter-1", "chapter-2"]}


@pytest.mark.parametrize("kind", STEPS)
def test_the_text_is_shown_while_it_is_written_and_is_what_the_end_holds(alice: Owner, kind: str) -> None:
    story = {"kind": "story", "premise": f"A keeper finds a door in the cliff. {uuid.uuid4()}", "chapters": 2}
    asked = story if kind == "story" else {"source_text": own_text()}
    with Listener(alice.http) as heard:
        answer = alice.http.post("/v1/generations", json={"model": "local/stream:3", **asked})
        assert answer.status_code == 202, answer.text
        alice.generations.append(generation_id := str(answer.json()["generation_id"]))
        heard.wait_for_end(generation_id)
        shown = [frame for frame in heard.frames if frame["type"] == "partial"]
    assert {frame["generation_id"] for frame in shown} == {generation_id}
    assert list(dict.fromkeys(frame["step"] for frame in shown)) == STEPS[kind]
    for of in {(frame["attempt"], frame["step"]) for frame in shown}:
        numbers = [frame["number"] for frame in shown if (frame["attempt"], frame["step"]) == of]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) <= MOST_MESSAGES
    assert len(shown) >= 2 * len(STEPS[kind])
    output = alice.look(generation_id)["output"]
    if kind == "story":
        assert output["chapters"][-1]["text"].startswith(shown[-1]["output"]["text"])
    else:
        cards, whole = shown[-1]["output"]["suggestions"], output["suggestions"]
        assert 0 < len(cards) <= len(whole)
        assert [card["front"] for card in cards[:-1]] == [card["front"] for card in whole[: len(cards) - 1]]


def test_a_worker_that_may_not_post_works_as_ever(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as heard:
        for action in ("execute-api:ManageConnections", "dynamodb:Query"):
            resource = "*" if action.startswith("execute") else f"*{stack.live_table_name}*"
            stack.deny("process", action, resource)
            try:
                generation_id = alice.submit("local/stream:3")
                heard.wait_for_end(generation_id)
            finally:
                stack.allow_again("process")
            assert alice.look(generation_id)["status"] == "succeeded"
        assert [frame for frame in heard.frames if frame["type"] == "partial"] == []
