"""An owner's reads over HTTP: progress that only rises, the feed, the record of one generation, the usage."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import TERMINAL, Owner, eventually, own_text

UNKNOWN = "01900000-0000-7000-8000-000000000000"


class Reader:
    """Polls one generation without pause, and always says what it has seen already."""

    def __init__(self, owner: Owner, generation_id: str) -> None:
        self.path = f"/v1/generations/{generation_id}"
        self.http = owner.http
        self.seen: list[dict[str, Any]] = []
        self.stop = threading.Event()

    def poll(self) -> None:
        while not self.stop.is_set():
            expected = {}
            if self.seen:
                expected = {"expected_progress": self.seen[-1]["progress"], "min_version": self.seen[-1]["version"]}
            answer = self.http.get(self.path, params=expected)
            assert answer.status_code == 200, answer.text
            self.seen.append(answer.json())
            if answer.json()["status"] in TERMINAL:
                return

    def assert_only_forward(self) -> None:
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            assert after["version"] >= before["version"], (before, after)
            assert after["progress"] >= before["progress"], (before, after)
        assert not any("stale" in found for found in self.seen), "nobody was ever shown less than before"


@contextmanager
def polling(owner: Owner, generation_id: str, readers: int) -> Iterator[list[Reader]]:
    """Have several readers poll for the length of the block."""
    made = [Reader(owner, generation_id) for _ in range(readers)]
    threads = [threading.Thread(target=reader.poll) for reader in made]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for reader in made:
            reader.stop.set()
        for thread in threads:
            thread.join()


def kill_during_call(stack: LocalStack, owner: Owner, generation_id: str, number: int) -> None:
    eventually(lambda: faults.calls(stack, generation_id), lambda calls: len(calls) == number)
    faults.kill(faults.worker_of(stack, owner.name, generation_id))


def test_readers_never_see_progress_or_version_go_down_while_workers_die_and_are_replaced(
    stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit("local/stream:4")
    with polling(alice, generation_id, readers=3) as readers:
        alice.wait_for(generation_id, lambda found: found["progress"] > 5)
        for attempt in (1, 2):
            kill_during_call(stack, alice, generation_id, attempt)
        found = alice.wait_for_end(generation_id)
        eventually(lambda: [reader.seen[-1]["status"] for reader in readers], lambda ends: set(ends) == {"succeeded"})
    assert (found["status"], found["attempt"], found["progress"]) == ("succeeded", 3, 100)
    for reader in readers:
        reader.assert_only_forward()
        assert {seen["attempt"] for seen in reader.seen} >= {1, 3}, "it was there all the time"
    told = alice.http.get(f"/v1/generations/{generation_id}/events").json()
    assert [attempt["ended"] for attempt in told["attempts"]] == ["given_back", "given_back", "succeeded"]
    # A cold worker may take longer than the grace of this stack: then the message is sent again before it starts.
    names = [line["name"] for line in told["events"] if line["name"] != "sent_again"]
    assert (names[0], names[1], names[-1]) == ("created", "started", "succeeded")
    assert names.count("step_stored") == 1


def test_who_expects_more_than_is_stored_is_told_that_the_answer_is_behind(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        generation_id = alice.submit()
        path = f"/v1/generations/{generation_id}"
        as_it_is = alice.http.get(path)
        assert "stale" not in as_it_is.json()
        for ahead in ({"expected_progress": 85}, {"min_version": 17}):
            behind = alice.http.get(path, params=ahead, headers={"if-none-match": as_it_is.headers["etag"]})
            assert (behind.status_code, behind.json()["stale"], behind.json()["progress"]) == (200, True, 0)
        met = alice.http.get(path, params={"expected_progress": 0, "min_version": 1})
        assert "stale" not in met.json()
    alice.wait_for_end(generation_id)


def test_an_open_generation_says_when_to_look_again_and_an_ended_one_does_not(stack: LocalStack, alice: Owner) -> None:
    with faults.no_delivery(stack):
        answer = alice.http.post("/v1/generations", json={"source_text": own_text(), "model": "local/cards"})
        generation_id = answer.json()["generation_id"]
        alice.generations.append(generation_id)
        assert answer.headers["retry-after"] == "2", "LongestPollSeconds, though flashcards take about 15 s"
        found = alice.http.get(f"/v1/generations/{generation_id}")
        assert float(found.headers["retry-after"]) - 1 < found.json()["poll_after_seconds"]
        assert found.json()["poll_after_seconds"] <= float(found.headers["retry-after"])
    alice.wait_for_end(generation_id)
    ended = alice.http.get(f"/v1/generations/{generation_id}")
    assert "retry-after" not in ended.headers
    assert "poll_after_seconds" not in ended.json()


def test_the_feed_is_paged_filtered_and_ones_own(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    mine = [alice.submit(session_id="s-1", client_id=f"entry-{number}") for number in range(5)]
    other = alice.submit("local/refuse")
    theirs = bob.submit()
    for owner in (alice, bob):
        for generation_id in owner.generations:
            owner.wait_for_end(generation_id)
    assert feed_of(alice) == [other, *mine[::-1]]
    assert feed_of(bob) == [theirs]
    assert feed_of(alice, limit=2) == [other, *mine[::-1]]
    assert feed_of(alice, session_id="s-1", status="succeeded", kind="flashcards", limit=2) == mine[::-1]
    assert feed_of(alice, status="failed") == [other]
    newest = alice.http.get("/v1/generations", params={"limit": 2}).json()
    assert newest["generations"][1]["client_id"] == "entry-4"
    assert "output" not in newest["generations"][1]
    at_anothers_place = bob.http.get("/v1/generations", params={"cursor": newest["next_cursor"]}).json()
    assert {entry["generation_id"] for entry in at_anothers_place["generations"]} <= {theirs}


def test_a_gallery_reads_the_feed_with_outputs_as_each_address_has_them(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    cards, refused = alice.submit(), alice.submit("local/refuse")
    theirs = bob.submit()
    for owner in (alice, bob):
        for generation_id in owner.generations:
            owner.wait_for_end(generation_id)
    alice.http.patch(f"/v1/generations/{cards}/suggestions/1", json={"decision": "accepted"})
    rows = alice.http.get("/v1/generations", params={"fields": "output"}).json()["generations"]
    assert rows == [alice.look(refused), alice.look(cards)]
    assert rows[1]["output"]["suggestions"][0]["state"] == "accepted"
    [row] = bob.http.get("/v1/generations", params={"fields": "output"}).json()["generations"]
    assert (row["generation_id"], "output" in row) == (theirs, True)
    assert feed_of(alice, fields="output", limit=1) == [refused, cards]
    assert feed_of(alice, fields="output", limit=26) == [refused, cards]


def feed_of(owner: Owner, **query: Any) -> list[str]:
    """Read the feed to its end, page by page."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = owner.http.get("/v1/generations", params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        ids += [entry["generation_id"] for entry in answer.json()["generations"]]
        if answer.json()["next_cursor"] is None:
            return ids
        cursor = {"cursor": answer.json()["next_cursor"]}


def test_a_query_that_is_not_understood_is_a_problem_that_echoes_nothing(alice: Owner) -> None:
    queries = ["limit=0", "limit=2&limit=3", "status=SECRET", "SECRET=1", "cursor=SECRET", "session_id=SECRET%20x"]
    paths = [f"/v1/generations?{query}" for query in queries]
    paths += ["/v1/usage?month=SECRET", "/v1/usage?month=2026-01&month=2026-02"]
    paths += [f"/v1/generations/{UNKNOWN}{rest}?SECRET=1" for rest in ("", "/events", "/input")]
    paths += [f"/v1/generations/{UNKNOWN}?expected_progress=101", f"/v1/generations/{UNKNOWN}?min_version=0"]
    for path in paths:
        answer = alice.http.get(path)
        assert_problem(answer, 400, "invalid_query")
        assert answer.json()["errors"]
        assert "SECRET" not in answer.text


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_record_of_a_generation_is_its_owners_alone(new_owner: Callable[[], Owner]) -> None:
    alice, bob = new_owner(), new_owner()
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    given = alice.http.get(f"/v1/generations/{generation_id}/input").json()
    assert (given["kind"], given["model"], given["prompt_version"]) == ("flashcards", "local/cards", "1")
    assert given["input"]["source_text"].startswith("The living cell")
    for what in ("events", "input"):
        theirs = bob.http.get(f"/v1/generations/{generation_id}/{what}")
        absent = bob.http.get(f"/v1/generations/{UNKNOWN}/{what}")
        assert_problem(theirs, 404, "not_found")
        without_id = [{**answer.json(), "request_id": None} for answer in (theirs, absent)]
        assert without_id[0] == without_id[1]


def test_the_usage_counts_what_has_ended(alice: Owner) -> None:
    generation_id = alice.submit()
    found = alice.wait_for_end(generation_id)
    used = alice.http.get("/v1/usage").json()
    assert used["total"] == {"generations": 1, **found["usage"]}
    assert [{**day, "day": None} for day in used["days"]] == [{"day": None, **used["total"]}]
    assert used["limits"]["rates"][0]["limit"] == 10_000
    assert alice.http.get("/v1/usage", params={"month": "2020-02"}).json()["days"] == []
