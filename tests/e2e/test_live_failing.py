"""The failures of docs/live.md: the connection loses news and nothing else, and a poll finds all of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from local.deployment import client
from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.gate import Gate
from tests.e2e.listening import Listener, connected, heads_in, is_of, is_past, refusal, silent, ticket
from tests.e2e.owner import TERMINAL, Owner, eventually


def test_a_push_that_is_denied_everything_costs_nothing_but_its_news(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as heard:
        for action in ("dynamodb:GetItem", "dynamodb:Query", "execute-api:ManageConnections"):
            with faults.denied(stack, "push", action):
                assert alice.wait_for_end(alice.submit())["status"] == "succeeded", "looks find it"
        after = alice.submit()
        heard.wait_for_end(after)
        assert not heard.closed, "the same connection"
        assert len(heard.of(after)) == len(heads_in(heard)), "and nothing of the others ever came"


@contextmanager
def posting_through_a_gate(stack: LocalStack) -> Iterator[Gate]:
    """Have what `push` posts pass a gate for the length of the block."""
    with Gate(stack.endpoint).open() as gate:
        stage = gate.url + urlsplit(stack.live_stage).path
        with faults.environment(stack, "push", LIVE_ENDPOINT=stage):
            yield gate


def wait_until_pushes_failed(stack: LocalStack, code: str) -> None:
    eventually(lambda: stack.log_lines("push"), lambda lines: any(code in line for line in lines))


def test_a_push_that_dies_costs_the_news_that_it_held_and_nothing_waits_for_it(
    stack: LocalStack, alice: Owner, new_owner: Callable[[], Owner]
) -> None:
    bob = new_owner()
    with Listener(alice.http) as heard, Listener(bob.http) as other:
        with faults.gated(stack, "push", "dynamodb") as gate:
            held = gate.hold(lambda operation, body: operation == "Query" and alice.name in body)
            generation_id = alice.submit()
            held.wait()
            for pid in stack.worker_pids("push"):
                faults.kill(pid)
            assert alice.wait_for_end(generation_id)["status"] == "succeeded", "looks find it"
            held.go_on.set()
            other.wait_for_end(bob.submit())
        heard.wait_for_end(alice.submit())


REFUSALS = {429: "LimitExceededException", 403: "ForbiddenException", 500: "InternalServerError"}


def test_posts_that_api_gateway_refuses_are_lost_and_the_connection_is_not(stack: LocalStack, alice: Owner) -> None:
    with Listener(alice.http) as heard, posting_through_a_gate(stack) as gate:
        for status, code in REFUSALS.items():
            with gate.down(status, code):
                lost = alice.submit("local/stream:1")
                assert alice.wait_for_end(lost)["status"] == "succeeded", "looks find it"
                wait_until_pushes_failed(stack, code)
            heard.wait_for_end(alice.submit())
            assert all(frame["generation"]["status"] in TERMINAL for frame in heard.of(lost)), "what came is newer"
            assert not heard.closed


def test_a_post_that_hangs_is_given_up_and_may_come_late_with_the_version_that_it_had(
    stack: LocalStack, alice: Owner
) -> None:
    with Listener(alice.http) as heard, posting_through_a_gate(stack) as gate:
        hangs = gate.hold(lambda operation, _body: operation == "POST")
        generation_id = alice.submit("local/stream:3")
        hangs.wait()
        end = heard.wait_for_end(generation_id)
        wait_until_pushes_failed(stack, "ReadTimeoutError")
        so_far = len(heard.frames)
        hangs.let_go()
        late = heard.wait_for(lambda frame: is_of(frame, generation_id), so_far)
        assert late["generation"]["version"] < end["generation"]["version"], "so the client drops it"


def test_a_browser_that_is_silently_gone_costs_the_others_nothing(stack: LocalStack, alice: Owner) -> None:
    with silent(ticket(alice.http)["url"]), Listener(alice.http) as heard:
        assert len(connected(stack, alice.name)) == 2
        generation_id = alice.submit("local/stream:3")
        assert heard.wait_for_end(generation_id)["generation"]["status"] == "succeeded"
        with Listener(alice.http) as again:
            again.wait_for_end(alice.submit())


def test_while_the_table_of_connections_is_down_nobody_gets_in_and_nothing_else_is_hurt(
    stack: LocalStack, alice: Owner
) -> None:
    asked = ticket(alice.http)
    with Listener(alice.http) as heard:
        for function in ("live", "push"):
            with faults.gated(stack, function, "dynamodb") as gate, gate.down():
                if function == "live":
                    answer = alice.http.post("/v1/live")
                    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
                    assert int(answer.headers["retry-after"]) > 0
                    assert refusal(asked["url"]) >= 400
                assert alice.wait_for_end(alice.submit())["status"] == "succeeded", "looks find it"
        heard.wait_for_end(alice.submit())
        with Listener(alice.http):
            pass


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
        generation_id = alice.submit("local/slow_first:1:60")
        heard.wait_for(lambda frame: is_of(frame, generation_id) and frame["generation"]["status"] == "running")
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
