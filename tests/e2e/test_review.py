"""An owner reviews over HTTP: accepts, edits, rejects, in two tabs at once, and finds the cards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner
from tests.e2e.test_retry import problem


def decide(owner: Owner, generation_id: str, number: int, decision: str, **texts: str) -> dict[str, Any]:
    path = f"/v1/generations/{generation_id}/suggestions/{number}"
    answer = owner.http.patch(path, json={"decision": decision, **texts})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def decide_many(owner: Owner, generation_id: str, *decisions: dict[str, Any]) -> httpx.Response:
    return owner.http.post(f"/v1/generations/{generation_id}/suggestions", json={"decisions": list(decisions)})


def suggestions(owner: Owner, generation_id: str) -> list[dict[str, Any]]:
    return list(owner.look(generation_id)["output"]["suggestions"])


def cards(owner: Owner, **query: str) -> list[dict[str, Any]]:
    answer = owner.http.get("/v1/cards", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["cards"])


def test_accept_edit_reject_and_accept_again(alice: Owner) -> None:
    generation_id = alice.submit(session_id="lesson-1")
    found = alice.wait_for_end(generation_id)
    first, second, *_ = found["output"]["suggestions"]
    assert (first["number"], first["state"]) == (1, "proposed")

    answer = decide(alice, generation_id, 1, "accepted")
    assert answer["version"] == found["version"] + 1
    [card] = cards(alice)
    assert (card["front"], card["back"], card["session_id"]) == (first["front"], first["back"], "lesson-1")
    assert decide(alice, generation_id, 1, "accepted") == answer, "a repeated request changes nothing"
    assert cards(alice) == [card]

    decide(alice, generation_id, 1, "accepted", front="In my own words?")
    assert cards(alice) == [{**card, "front": "In my own words?"}]
    decide(alice, generation_id, 1, "rejected")
    assert cards(alice) == []
    assert suggestions(alice, generation_id)[:2] == [
        {**first, "front": "In my own words?", "state": "rejected"},
        second,
    ]
    decide(alice, generation_id, 1, "accepted")
    [again] = cards(alice, session_id="lesson-1")
    assert again["front"] == "In my own words?"
    assert suggestions(alice, generation_id)[0]["card_id"] == again["card_id"] != card["card_id"]


def test_a_card_is_read_edited_and_deleted_with_its_suggestion(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    path = f"/v1/cards/{decide(alice, generation_id, 1, 'accepted')['suggestions'][0]['card_id']}"
    found = alice.http.get(path)
    assert [found.json()] == cards(alice)
    assert alice.http.get(path, headers={"if-none-match": found.headers["etag"]}).status_code == 304
    edited = alice.http.patch(path, json={"front": " Mine? "})
    assert (edited.status_code, edited.json()) == (200, {**found.json(), "front": "Mine?"})
    assert alice.http.get(path).headers["etag"] == edited.headers["etag"] != found.headers["etag"]
    assert suggestions(alice, generation_id)[0]["front"] == "Mine?"
    refused = alice.http.patch(path, json={"front": "", "question": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "question")
    for method, body in (("GET", None), ("PATCH", {"front": "Theirs?"}), ("DELETE", None)):
        theirs = bob.http.request(method, path, json=body)
        assert (theirs.status_code, theirs.json()["code"]) == (404, "card_not_found")
    assert alice.http.delete(path).status_code == 204
    assert cards(alice) == []
    assert suggestions(alice, generation_id)[0]["state"] == "rejected"
    assert problem(alice, "DELETE", path) == (404, "card_not_found")


def test_a_card_is_edited_and_deleted_when_its_generation_is_gone(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    path = f"/v1/cards/{decide(alice, generation_id, 1, 'accepted')['suggestions'][0]['card_id']}"
    before = alice.http.get(path).json()
    let_expire(stack, alice, generation_id)
    assert alice.http.get(f"/v1/generations/{generation_id}").status_code == 404
    assert alice.http.patch(path, json={"back": "By heart."}).json() == {**before, "back": "By heart."}
    assert cards(alice) == [{**before, "back": "By heart."}]
    assert alice.http.delete(path).status_code == 204
    assert cards(alice) == []


def let_expire(stack: LocalStack, owner: Owner, generation_id: str) -> None:
    """Delete what DynamoDB does when the time of a generation is over. The owner's test knows of it no more."""
    dynamodb = stack.client("dynamodb")
    for sort_key in [item["sk"] for item in faults.items(stack, owner.name)]:
        if not sort_key.startswith("C#"):
            key = {"pk": {"S": owner.name}, "sk": {"S": sort_key}}
            dynamodb.delete_item(TableName=stack.table_name, Key=key)
    owner.generations.remove(generation_id)


def test_many_are_decided_at_once_or_none(alice: Owner) -> None:
    generation_id = alice.submit()
    count = len(alice.wait_for_end(generation_id)["output"]["suggestions"])
    accept = [{"number": number, "decision": "accepted"} for number in range(1, count + 1)]
    refused = decide_many(alice, generation_id, *accept, {"number": count + 1, "decision": "accepted"})
    assert (refused.status_code, refused.json()["code"]) == (404, "suggestion_not_found")
    assert cards(alice) == []
    answer = decide_many(alice, generation_id, *accept)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["suggestions"]) == count
    assert {card["number"] for card in cards(alice)} == set(range(1, count + 1))
    assert decide_many(alice, generation_id, *accept).json() == answer.json()
    twice = decide_many(alice, generation_id, accept[0], accept[0])
    assert (twice.status_code, twice.json()["code"]) == (400, "validation_failed")


def test_tabs_that_decide_at_once_lose_no_card_and_double_none(alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: decide(alice, generation_id, number % 4 + 1, "accepted"), range(12)))
    assert sorted(card["number"] for card in cards(alice)) == [1, 2, 3, 4]
    shown = {each["number"]: each.get("card_id") for each in suggestions(alice, generation_id)}
    assert {card["number"]: card["card_id"] for card in cards(alice)} == {n: shown[n] for n in (1, 2, 3, 4)}


def test_cards_come_page_by_page(alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    for number in (3, 1, 2):
        decide(alice, generation_id, number, "accepted")
    first = alice.http.get("/v1/cards", params={"limit": "2"}).json()
    second = alice.http.get("/v1/cards", params={"limit": "2", "cursor": first["next_cursor"]}).json()
    assert [card["number"] for card in first["cards"] + second["cards"]] == [2, 1, 3]
    assert second["next_cursor"] is None
    for query in ({"limit": "0"}, {"cursor": "bm90aGluZw"}, {"page": "2"}):
        assert problem(alice, "GET", "/v1/cards", params=query) == (400, "invalid_query")


def test_only_what_succeeded_is_reviewed_and_only_by_its_owner(
    stack: LocalStack, new_owner: Callable[[], Owner]
) -> None:
    alice, bob = new_owner(), new_owner()
    accept = {"decision": "accepted"}
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        path = f"/v1/generations/{generation_id}/suggestions/1"
        assert problem(alice, "PATCH", path, json=accept) == (409, "not_succeeded")
    alice.wait_for_end(generation_id)
    theirs = bob.http.patch(path, json=accept)
    absent = bob.http.patch(path.replace(generation_id, generation_id[:-4] + "0000"), json=accept)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
    assert {**theirs.json(), "request_id": ""} == {**absent.json(), "request_id": ""}
    assert problem(alice, "PATCH", path[:-1] + "31", json=accept) == (404, "suggestion_not_found")
    decide(alice, generation_id, 1, "accepted")
    assert cards(bob) == []
