"""The public calls, on the real stack: the document as it was made, and the health of the machinery."""

import httpx

from local.stack import LocalStack
from tests.e2e.contract import DOCUMENT
from tests.e2e.owner import Owner, eventually


def test_the_document_is_served_as_it_was_made_and_kept_by_its_tag(stack: LocalStack) -> None:
    answer = httpx.get(f"{stack.api_url}/v1/openapi.json")
    assert answer.json() == DOCUMENT
    again = httpx.get(f"{stack.api_url}/v1/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_type_of_a_problem_leads_to_its_text_in_the_document(stack: LocalStack, alice: Owner) -> None:
    problem = alice.http.post("/v1/generations", json={}).json()
    path, _, pointer = problem["type"].partition("#/")
    place = httpx.get(stack.api_url + path).json()
    for part in pointer.split("/"):
        place = place[part]
    assert (place["status"], place["title"]) == (problem["status"], problem["title"])
    assert "errors" in place["description"]


def test_health_tells_of_the_last_sweep(stack: LocalStack) -> None:
    stack.invoke("sweeper")
    found = eventually(
        lambda: httpx.get(f"{stack.api_url}/v1/health").json(),
        lambda found: found["last_sweep_age_seconds"] is not None and found["last_sweep_age_seconds"] < 30,
    )
    assert found["last_sweep_complete"] is True
