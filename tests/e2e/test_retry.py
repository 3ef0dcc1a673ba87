"""An owner retries failed and canceled generations, and dismisses ended ones from the feed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner


def retry(owner: Owner, generation_id: str, **options: Any) -> dict[str, Any]:
    """Retry, and count the new one among the owner's."""
    answer = owner.http.post(f"/v1/generations/{generation_id}/retry", **options)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    assert body["urls"]["self"] == f"/v1/generations/{body['generation_id']}"
    assert urljoin(str(answer.request.url), answer.headers["location"]) == owner.stack.api_url + body["urls"]["self"]
    assert "retry-after" in answer.headers
    if body["generation_id"] not in owner.generations:
        owner.generations.append(body["generation_id"])
    return body


def canceled(stack: LocalStack, owner: Owner) -> str:
    """Return a generation that was canceled before its work began."""
    with faults.no_delivery(stack):
        generation_id = owner.submit(session_id="lesson-1", client_id="mine")
        assert owner.cancel(generation_id)["status"] == "canceled"
    return generation_id


def give_a_stored_step(stack: LocalStack, owner: Owner, to: str, of: str) -> None:
    """Have a generation hold the result of another's only step, as if it had been stored before its end."""
    client = stack.client("dynamodb")
    key = {"pk": {"S": owner.name}, "sk": {"S": f"S#{of}#cards"}}
    step = client.get_item(TableName=stack.table_name, Key=key, ConsistentRead=True)["Item"]
    free = {name: {"N": "0"} for name in ("paid_calls", "prompt_tokens", "completion_tokens", "cost_usd")}
    client.put_item(TableName=stack.table_name, Item={**step, **free, "sk": {"S": f"S#{to}#cards"}})


def test_a_retry_of_a_canceled_generation_succeeds_and_both_name_each_other(stack: LocalStack, alice: Owner) -> None:
    old = canceled(stack, alice)
    body = retry(alice, old)
    assert (body["status"], body["version"]) == ("pending", 1)
    new = alice.wait_for_end(body["generation_id"])
    assert (new["status"], new["retry_of"], new["session_id"]) == ("succeeded", old, "lesson-1")
    assert new["client_id"] == "mine"
    assert alice.look(old)["retried_as"] == new["generation_id"]
    assert alice.look(old)["status"] == "canceled"
    entered = alice.http.get(f"/v1/generations/{new['generation_id']}/input").json()
    assert entered["model"] == "local/cards"


def test_a_retry_of_what_failed_is_tried_anew_and_may_be_retried_itself(alice: Owner) -> None:
    first = alice.submit("local/refuse")
    assert alice.wait_for_end(first)["status"] == "failed"
    second = retry(alice, first, json={"from": "start"})["generation_id"]
    assert alice.wait_for_end(second)["error"]["code"] == "output_refused"
    third = retry(alice, second)["generation_id"]
    assert alice.wait_for_end(third)["retry_of"] == second


def test_a_retry_does_not_pay_for_what_is_stored(stack: LocalStack, alice: Owner) -> None:
    done, old = alice.submit(), canceled(stack, alice)
    output = alice.wait_for_end(done)["output"]
    give_a_stored_step(stack, alice, old, done)
    new = alice.wait_for_end(retry(alice, old)["generation_id"])
    assert (new["status"], new["output"], new["usage"]["calls"]) == ("succeeded", output, 0)
    assert faults.calls(stack, new["generation_id"]) == []


def test_clicking_many_times_makes_one_generation(stack: LocalStack, alice: Owner) -> None:
    old = canceled(stack, alice)
    with ThreadPoolExecutor(6) as pool:
        bodies = list(pool.map(lambda _: retry(alice, old), range(6)))
    assert all(body == bodies[0] for body in bodies)
    alice.generations[:] = list(dict.fromkeys(alice.generations))
    found = alice.wait_for_end(bodies[0]["generation_id"])
    assert retry(alice, old) == bodies[0], "whenever it is asked for again, and whatever became of it"
    assert len(faults.calls(stack, found["generation_id"])) == 1


def test_a_retry_that_the_queue_refused_is_accepted_and_rescued(stack: LocalStack, alice: Owner) -> None:
    old = canceled(stack, alice)
    with faults.denied(stack, "actions", "sqs:SendMessage"):
        new = retry(alice, old)["generation_id"]
    assert alice.wait_for_end(new)["status"] == "succeeded"


def test_what_is_open_or_succeeded_cannot_be_retried_nor_what_is_anothers(
    stack: LocalStack, new_owner: Callable[[], Owner]
) -> None:
    alice, bob = new_owner(), new_owner()
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        assert problem(alice, "POST", f"/v1/generations/{generation_id}/retry") == (409, "not_retryable")
    alice.wait_for_end(generation_id)
    assert problem(alice, "POST", f"/v1/generations/{generation_id}/retry") == (409, "not_retryable")
    assert problem(bob, "POST", f"/v1/generations/{generation_id}/retry") == (404, "not_found")
    assert problem(bob, "DELETE", f"/v1/generations/{generation_id}") == (404, "not_found")


def problem(owner: Owner, method: str, path: str, **options: Any) -> tuple[int, str]:
    answer = owner.http.request(method, path, **options)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def test_a_dismissed_generation_leaves_the_feed_and_can_still_be_read(alice: Owner) -> None:
    kept, gone = alice.submit(), alice.submit("local/slow:2")
    assert problem(alice, "DELETE", f"/v1/generations/{gone}") == (409, "not_terminal")
    alice.wait_for_end(kept)
    before = alice.wait_for_end(gone)
    for _ in range(2):
        answer = alice.http.delete(f"/v1/generations/{gone}")
        assert (answer.status_code, answer.content) == (204, b"")
    found = alice.look(gone)
    assert found["version"] == before["version"] + 1
    assert {**before, "version": found["version"], "dismissed_at": found["dismissed_at"]} == found
    listed = alice.http.get("/v1/generations").json()["generations"]
    assert [entry["generation_id"] for entry in listed] == [kept]
