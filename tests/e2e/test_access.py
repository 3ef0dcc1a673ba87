"""Every route, asked by its owner, another owner, nobody, and with two tokens that are not good: a matrix of them all.

It is made from the functions' own tables: a route that it does not know how to call fails it.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from functions.actions.handler import ROUTES as ACTIONS
from functions.create.handler import ROUTES as CREATE
from functions.live.handler import ROUTES as LIVE
from functions.status.handler import ROUTES as STATUS
from local.stack import LocalStack
from tests.e2e.contract import assert_described
from tests.e2e.owner import TERMINAL, Owner, eventually, own_text
from tests.e2e.soundness import assert_sound

ABSENT = "01900000-0000-7000-8000-000000000000"
ROUTES = sorted({*CREATE, *STATUS, *ACTIONS, *LIVE})
FREE = {"GET /v1/openapi.json", "GET /v1/health"}
OF_ONE = [route for route in ROUTES if "{generation_id}" in route]
OF_CARD = [route for route in ROUTES if "{card_id}" in route]
OF_ALL = [route for route in ROUTES if route not in {*FREE, *OF_ONE, *OF_CARD}]

ENDS_IN: dict[str, str] = dict.fromkeys(OF_ONE, "succeeded") | {
    "POST /v1/generations/{generation_id}/retry": "failed",
    "DELETE /v1/generations/{generation_id}": "failed",
}
"""The state of the generation with which a route is called."""

BODIES: dict[str, Any] = {
    "POST /v1/generations": {"source_text": own_text(), "model": "local/cards"},
    "POST /v1/generations/{generation_id}/retry": {"from": "start"},
    "POST /v1/generations/{generation_id}/suggestions": {"decisions": [{"number": 1, "decision": "accepted"}]},
    "PATCH /v1/generations/{generation_id}/suggestions/{number}": {"decision": "rejected"},
    "PATCH /v1/cards/{card_id}": {"back": "What it says on the back."},
}
TAKEN = {200, 202, 204}


@dataclass
class World:
    """One owner with a generation of each ending."""

    stack: LocalStack
    owner: Owner
    ended: dict[str, str]

    def call(self, route: str, token: str | None, generation_id: str | None = None) -> httpx.Response:
        """Call a route with a generation that suits it, or with another's id."""
        method, path = route.split(" ")
        wanted = generation_id or self.ended.get(ENDS_IN.get(route, ""), ABSENT)
        path = path.replace("{generation_id}", wanted).replace("{number}", "1")
        path = path.replace("{card_id}", generation_id or self.card) if "{card_id}" in path else path
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        answer = httpx.request(method, self.stack.api_url + path, headers=headers, json=BODIES.get(route), timeout=30)
        assert_described(answer)
        return answer

    @property
    def card(self) -> str:
        """A card of the owner's, made again where none is left."""
        path = f"/v1/generations/{self.ended['succeeded']}/suggestions"
        decided = self.owner.http.post(path, json={"decisions": [{"number": 2, "decision": "accepted"}]})
        return str(decided.json()["suggestions"][0]["card_id"])


@pytest.fixture(scope="module")
def world(stack: LocalStack) -> Iterator[World]:
    owner = Owner(stack, f"user-{uuid.uuid4()}")
    ended = {"succeeded": owner.submit("local/cards"), "failed": owner.submit("local/refuse")}
    assert {status: owner.wait_for_end(each)["status"] for status, each in ended.items()} == {s: s for s in ended}
    yield World(stack, owner, ended)
    # A create and a retry of the owner's are among the calls.
    owner.generations = [each["generation_id"] for each in feed_of(owner, *ended.values())]
    for each in owner.generations:
        owner.wait_for_end(each)
    assert_sound(owner)
    owner.close()


def feed_of(owner: Owner, *more: str) -> list[dict[str, Any]]:
    """The owner's generations, with those that are dismissed by now."""
    listed = owner.http.get("/v1/generations").json()["generations"]
    missing = set(more) - {each["generation_id"] for each in listed}
    return [*listed, *(owner.look(each) for each in missing)]


def comparable(answer: httpx.Response) -> tuple[int, Any, dict[str, str]]:
    """Everything by which a caller could distinguish two answers, except the ids of the requests and the time."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"date", "apigw-requestid"}}
    body = answer.json() if answer.content else None
    return answer.status_code, body and {**body, "request_id": ""}, headers


def owner_of_nothing(stack: LocalStack) -> str:
    return stack.token(f"user-{uuid.uuid4()}")


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "DELETE /v1/me"])
def test_the_owner_is_let_in(world: World, route: str) -> None:
    answer = world.call(route, world.stack.token(world.owner.name))
    assert answer.status_code in TAKEN, answer.text


def test_the_owner_of_something_can_erase_it(stack: LocalStack) -> None:
    owner = Owner(stack, f"user-{uuid.uuid4()}")
    owner.wait_for_end(owner.submit())
    answer = eventually(lambda: owner.http.delete("/v1/me"), lambda answer: answer.status_code != 202)
    assert (answer.status_code, answer.json()) == (200, {"done": True, "content_erased": True})
    assert owner.http.get("/v1/generations").json()["generations"] == []
    owner.close()


@pytest.mark.parametrize("route", OF_ONE)
def test_anothers_generation_cannot_be_told_from_an_absent_one(world: World, route: str) -> None:
    token = owner_of_nothing(world.stack)
    anothers, absent = world.call(route, token), world.call(route, token, ABSENT)
    assert comparable(anothers) == comparable(absent)
    assert (absent.status_code, absent.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("route", OF_ONE)
def test_what_another_tries_changes_nothing(world: World, route: str) -> None:
    before = {each: world.owner.look(each) for each in world.ended.values()}
    world.call(route, owner_of_nothing(world.stack))
    assert {each: world.owner.look(each) for each in world.ended.values()} == before


@pytest.mark.parametrize("route", OF_CARD)
def test_anothers_card_cannot_be_told_from_an_absent_one_and_stays(world: World, route: str) -> None:
    token = owner_of_nothing(world.stack)
    card = world.owner.http.get(f"/v1/cards/{world.card}").json()
    anothers, absent = world.call(route, token), world.call(route, token, ABSENT)
    assert comparable(anothers) == comparable(absent)
    assert (absent.status_code, absent.json()["code"]) == (404, "card_not_found")
    assert world.owner.http.get(f"/v1/cards/{card['card_id']}").json() == card


@pytest.mark.parametrize("route", OF_ALL)
def test_another_sees_and_reaches_only_what_is_its_own(world: World, route: str) -> None:
    answer = world.call(route, owner_of_nothing(world.stack))
    assert answer.status_code in TAKEN, answer.text
    assert not [each for each in world.ended.values() if each in answer.text]
    assert all(world.owner.look(each)["status"] in TERMINAL for each in world.ended.values())


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in FREE])
@pytest.mark.parametrize("caller", ["nobody", "an expired token", "a token for another audience"])
def test_who_has_no_good_token_is_not_let_in(world: World, route: str, caller: str) -> None:
    tokens = {
        "nobody": None,
        "an expired token": world.stack.token(world.owner.name, ttl_seconds=-60),
        "a token for another audience": world.stack.token(world.owner.name, audience="another"),
    }
    before = {each: world.owner.look(each) for each in world.ended.values()}
    answer = world.call(route, tokens[caller])
    assert (answer.status_code, list(answer.json())) == (401, ["message"])
    assert {each: world.owner.look(each) for each in world.ended.values()} == before


@pytest.mark.parametrize("route", sorted(FREE))
@pytest.mark.parametrize("caller", ["nobody", "an expired token", "a token for another audience", "an owner"])
def test_what_needs_no_token_is_the_same_for_everybody(world: World, route: str, caller: str) -> None:
    tokens = {
        "nobody": None,
        "an expired token": world.stack.token(world.owner.name, ttl_seconds=-60),
        "a token for another audience": world.stack.token(world.owner.name, audience="another"),
        "an owner": world.stack.token(world.owner.name),
    }
    answer = world.call(route, tokens[caller])
    assert answer.status_code == 200
    assert world.owner.name not in answer.text
    assert not [each for each in world.ended.values() if each in answer.text]
