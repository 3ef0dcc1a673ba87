"""Connected owners learn of each change within a second, and see the text while the model writes."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx

from functions.process.partials import MOST_MESSAGES
from local.stack import LocalStack
from shared.store.connections import MOST_CONNECTIONS
from tests.canary import Secret
from tests.e2e import faults
from tests.e2e.listening import Listener, connected, heads_in, id_of, is_of, is_past, refusal, ticket
from tests.e2e.owner import TEXT, Owner, eventually, own_text


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
        # The last message equals the result of a poll, except for the output.
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


def test_neither_content_nor_tickets_nor_owners_are_in_the_logs(stack: LocalStack, alice: Owner) -> None:
    phrase = Secret()
    with Listener(alice.http) as heard:
        generation_id = alice.submit(source_text=f"{TEXT} The {phrase.text} is an organelle of the cell.")
        heard.wait_for_end(generation_id)
        assert phrase.text not in json.dumps(heads_in(heard)), "a head holds nothing of what was written"
        with (
            faults.denied(stack, "push", "execute-api:ManageConnections"),
            faults.denied(stack, "process", "execute-api:ManageConnections"),
        ):
            again = alice.submit("local/stream:3", source_text=f"{own_text()} The {phrase.text} is an organelle.")
            alice.wait_for_end(again)
    lines = eventually(
        lambda: [line for name in ("live", "push", "process") for line in stack.log_lines(name)],
        lambda found: any("changes were not pushed" in line for line in found) and any(again in line for line in found),
    )
    secret = heard.url.partition("ticket=")[2]
    for line in lines:
        assert phrase.text not in line
        assert secret not in line
        assert alice.name not in line


STEPS = {"flashcards": ["cards"], "story": ["outline", "chapter-1", "chapter-2"]}


def test_the_text_of_each_kind_is_shown_while_it_is_written_and_is_what_the_end_holds(alice: Owner) -> None:
    story = {"kind": "story", "premise": f"A keeper finds a door in the cliff. {uuid.uuid4()}", "chapters": 2}
    with Listener(alice.http) as heard:
        for asked in ({"source_text": own_text()}, story):
            answer = alice.http.post("/v1/generations", json={"model": "local/stream:3", **asked})
            assert answer.status_code == 202, answer.text
            alice.generations.append(str(answer.json()["generation_id"]))
        for generation_id in alice.generations:
            heard.wait_for_end(generation_id)
        partials = [frame for frame in heard.frames if frame["type"] == "partial"]
    cards, story_id = alice.generations
    assert {frame["generation_id"] for frame in partials} == {cards, story_id}
    for generation_id, kind in ((cards, "flashcards"), (story_id, "story")):
        shown = [frame for frame in partials if frame["generation_id"] == generation_id]
        assert list(dict.fromkeys(frame["step"] for frame in shown)) == STEPS[kind]
        for of in {(frame["attempt"], frame["step"]) for frame in shown}:
            numbers = [frame["number"] for frame in shown if (frame["attempt"], frame["step"]) == of]
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) <= MOST_MESSAGES
        assert len(shown) >= 2 * len(STEPS[kind])
        output, last = alice.look(generation_id)["output"], shown[-1]["output"]
        if kind == "story":
            assert output["chapters"][-1]["text"].startswith(last["text"])
        else:
            found, whole = last["suggestions"], output["suggestions"]
            assert 0 < len(found) <= len(whole)
            assert [card["front"] for card in found[:-1]] == [card["front"] for card in whole[: len(found) - 1]]
