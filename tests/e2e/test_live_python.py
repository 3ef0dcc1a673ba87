"""The Python client on live connections of the running system: what it shows, and that no fault of a push stops it."""

import asyncio
import json
import os
import subprocess
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import unstuck
from local.deployment import client as aws
from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.listening import connected
from tests.e2e.owner import Owner, eventually, own_text
from tests.e2e.terminal import UNSTUCK, terminal
from unstuck.following import OnPartial

PATIENT_SECONDS = 90.0


class Calls:
    """The HTTP calls of a client, counted by path."""

    def __init__(self, client: unstuck.Client | unstuck.AsyncClient) -> None:
        self.paths: list[str] = []

        def note(request: httpx.Request) -> None:
            self.paths.append(request.url.path.rpartition("$default")[2])

        async def note_async(request: httpx.Request) -> None:
            note(request)

        hook: Any = note if isinstance(client, unstuck.Client) else note_async
        client._http.event_hooks["request"].append(hook)

    @property
    def looks(self) -> int:
        return sum(path.startswith("/v1/generations/") for path in self.paths)

    @property
    def tickets(self) -> int:
        return self.paths.count("/v1/live")


type Followed = tuple[list[unstuck.GenerationDetail], Calls]


def with_client(stack: LocalStack, owner: Owner, generation_id: str, shown: OnPartial | None = None) -> Followed:
    """Watch a generation with `Client`."""
    with unstuck.Client(stack.api_url, stack.token(owner.name)) as client:
        calls = Calls(client)
        return list(client.watch(generation_id, timeout_seconds=PATIENT_SECONDS, on_partial=shown)), calls


def with_async_client(stack: LocalStack, owner: Owner, generation_id: str, shown: OnPartial | None = None) -> Followed:
    """The same with `AsyncClient`."""

    async def followed() -> Followed:
        async with unstuck.AsyncClient(stack.api_url, stack.token(owner.name)) as client:
            calls = Calls(client)
            watch = client.watch(generation_id, timeout_seconds=PATIENT_SECONDS, on_partial=shown)
            return [found async for found in watch], calls

    return asyncio.run(followed())


CLIENTS: dict[str, Callable[..., Followed]] = {"sync": with_client, "async": with_async_client}


def with_both(stack: LocalStack, owner: Owner, model: str) -> dict[str, tuple[Followed, list[unstuck.PartialOutput]]]:
    """Submit a generation and watch it with both clients at once; return what each of them saw."""
    generation_id = owner.submit(model)
    shown: dict[str, list[unstuck.PartialOutput]] = {name: [] for name in CLIENTS}
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        watching = {
            name: pool.submit(follow, stack, owner, generation_id, shown[name].append)
            for name, follow in CLIENTS.items()
        }
        return {name: (each.result(), shown[name]) for name, each in watching.items()}


def test_each_change_and_the_text_are_shown_as_they_come_and_the_end_has_its_output(
    stack: LocalStack, alice: Owner
) -> None:
    for name, ((found, calls), shown) in with_both(stack, alice, "local/stream:5").items():
        versions = [each.version for each in found]
        assert versions == sorted(versions), name
        assert isinstance(found[-1].output, unstuck.FlashcardsOutput), name
        assert len({each.heartbeat_at for each in found if each.heartbeat_at}) >= 6, "its worker beats twice a second"
        assert calls.tickets == 1, name
        assert calls.looks <= 4, name
        assert len(shown) >= 2, name
        assert [each.number for each in shown] == sorted({each.number for each in shown}), name
        cards, whole = shown[-1].output["suggestions"], found[-1].output.suggestions
        assert [card["front"] for card in cards[:-1]] == [card.front for card in whole[: len(cards) - 1]], name
    eventually(lambda: connected(stack, alice.name), lambda items: items == [])


def test_a_create_that_is_waited_for_is_told_of_everything(stack: LocalStack, alice: Owner) -> None:
    shown: list[unstuck.PartialOutput] = []
    with unstuck.Client(stack.api_url, stack.token(alice.name)) as client:
        calls = Calls(client)
        request = unstuck.CreateStory(premise=f"A keeper. {uuid.uuid4()}", chapters=2, model="local/stream:2")
        done = client.create_and_wait(request, timeout_seconds=PATIENT_SECONDS, on_partial=shown.append)
    alice.generations.append(done.generation_id)
    assert isinstance(done.output, unstuck.StoryOutput)
    assert list(dict.fromkeys(each.step for each in shown)) == ["outline", "chapter-1", "chapter-2"]
    assert done.output.chapters[-1].text.startswith(shown[-1].output["text"])
    assert calls.looks <= 3


def test_of_twenty_who_wait_in_one_client_all_share_one_connection(stack: LocalStack, alice: Owner) -> None:
    waited = [alice.submit("local/stream:3") for _ in range(20)]
    with unstuck.Client(stack.api_url, stack.token(alice.name)) as client, ThreadPoolExecutor(20) as pool:
        calls = Calls(client)
        ends = pool.map(lambda each: client.wait(each, timeout_seconds=PATIENT_SECONDS).status, waited)
        eventually(lambda: connected(stack, alice.name), lambda items: len(items) == 1)
        assert list(ends) == ["succeeded"] * 20
        assert calls.tickets <= 4, "one, and another after what a slow machine tells too late"


def test_without_live_there_is_no_call_for_a_ticket(stack: LocalStack, alice: Owner) -> None:
    with unstuck.Client(stack.api_url, stack.token(alice.name), live=False) as client:
        calls = Calls(client)
        assert client.wait(alice.submit("local/stream:3"), timeout_seconds=PATIENT_SECONDS).status == "succeeded"
    assert calls.tickets == 0
    assert calls.looks >= 2


@pytest.mark.parametrize("action", ["execute-api:ManageConnections", "dynamodb:GetItem"])
def test_a_push_that_is_denied_is_polled_around(stack: LocalStack, alice: Owner, action: str) -> None:
    with faults.denied(stack, "push", action):
        watched = with_both(stack, alice, "local/stream:4")
    for name, ((found, calls), _) in watched.items():
        assert found[-1].output is not None, name
        assert calls.tickets <= 2, name


def test_a_service_that_gives_no_tickets_is_polled(stack: LocalStack, alice: Owner) -> None:
    with faults.denied(stack, "live", "dynamodb:Query"):
        watched = with_both(stack, alice, "local/stream:3")
    for name, ((found, calls), _) in watched.items():
        assert found[-1].output is not None, name
        assert calls.tickets >= 1, name
        assert calls.looks >= 2, name


def wait_for_a_beat(owner: Owner, generation_id: str) -> None:
    before = owner.look(generation_id).get("heartbeat_at")
    owner.wait_for(generation_id, lambda seen: seen.get("heartbeat_at") != before)


# One client at a time: a look of the other one would heal it as well.
@pytest.mark.parametrize("follow", CLIENTS.values(), ids=CLIENTS)
def test_a_worker_that_dies_while_the_connection_is_healthy_is_healed_when_its_lease_ends(
    stack: LocalStack, alice: Owner, follow: Callable[..., Followed]
) -> None:
    generation_id = alice.submit("local/slow_first:1:60")

    def kill() -> None:
        eventually(lambda: connected(stack, alice.name), bool)
        for _ in range(3):  # one of them at least reaches the client
            wait_for_a_beat(alice, generation_id)
        faults.kill(faults.worker_of(stack, alice.name, generation_id))

    thread = threading.Thread(target=kill)
    thread.start()
    found, _ = follow(stack, alice, generation_id)
    thread.join()
    assert found[-1].status == "succeeded"
    assert found[-1].attempt == 2
    last = max(place for place, each in enumerate(found) if (each.attempt, each.status) == (1, "running"))
    assert found[last + 1].poll_after_seconds is not None, "a look has healed it, which the connection does not tell"


def test_a_connection_that_is_closed_is_followed_by_another(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/stream:6")
    with unstuck.Client(stack.api_url, stack.token(alice.name)) as client:
        calls = Calls(client)
        before: list[dict[str, Any]] = []
        for found in client.watch(generation_id, timeout_seconds=PATIENT_SECONDS):
            if not before and found.progress > 0 and (before := connected(stack, alice.name)):
                gateway = aws("apigatewaymanagementapi", stack.live_stage)
                gateway.delete_connection(ConnectionId=before[0]["sk"])
        assert found.status == "succeeded"
        assert before
        assert calls.tickets == 2


def test_a_client_that_stays_open_gives_its_connection_back(
    stack: LocalStack, alice: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unstuck.live.LINGER_SECONDS", 1.0)
    with unstuck.Client(stack.api_url, stack.token(alice.name)) as client:
        assert client.wait(alice.submit(), timeout_seconds=PATIENT_SECONDS).status == "succeeded"
        eventually(lambda: connected(stack, alice.name), lambda items: items == [])
        assert client.wait(alice.submit(), timeout_seconds=PATIENT_SECONDS).status == "succeeded"


@pytest.fixture
def environment(stack: LocalStack, alice: Owner, tmp_path: Path) -> dict[str, str]:
    named = {"UNSTUCK_URL": stack.api_url, "UNSTUCK_TOKEN": stack.token(alice.name)}
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", **named}


def test_a_terminal_shows_the_text_while_it_is_written_and_ends_with_the_output(
    environment: dict[str, str], alice: Owner
) -> None:
    generation_id = alice.submit("local/stream:5")
    with terminal(environment, "watch", generation_id) as shown:
        shown.until("What is the cell?")  # which only a partial tells while it runs
        shown.until("running")
        shown.until("succeeded")
        shown.until("proposed")
        shown.until("What is the cell?")
        assert shown.end() == 0


def test_what_is_piped_holds_nothing_of_it(environment: dict[str, str], alice: Owner) -> None:
    command = [str(UNSTUCK), "watch", alice.submit("local/stream:5")]

    def piped(*more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - our own command
            [*command, *more], env=environment, capture_output=True, text=True, check=True, timeout=PATIENT_SECONDS
        )

    with ThreadPoolExecutor(2) as pool:
        plain, as_json = pool.submit(piped), pool.submit(piped, "--json")
    cards = alice.look(alice.generations[-1])["output"]["suggestions"]
    for done in (plain.result(), as_json.result()):
        assert done.stdout.count(cards[0]["front"]) == 1
        assert cards[0]["front"] not in done.stderr
    assert {json.loads(line)["status"] for line in as_json.result().stdout.splitlines()} >= {"running", "succeeded"}


def test_who_creates_and_waits_on_an_event_loop_leaves_nothing_behind(stack: LocalStack, alice: Owner) -> None:
    async def made() -> list[str]:
        async with unstuck.AsyncClient(stack.api_url, stack.token(alice.name)) as client:
            requests = [unstuck.CreateFlashcards(source_text=own_text(), model="local/stream:2") for _ in range(5)]
            waiting = (client.create_and_wait(each, timeout_seconds=PATIENT_SECONDS) for each in requests)
            return [done.generation_id for done in await asyncio.gather(*waiting)]

    alice.generations += asyncio.run(made())
    assert not [each for each in threading.enumerate() if each.name == "unstuck-live"]
