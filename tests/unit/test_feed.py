"""The feed: what is shown of an owner's generations, in which order, and how it is paged."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from functions.status.feed import FeedService
from functions.status.healing import Healer
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.moving import moving
from shared.http.cursor import encode
from shared.http.problems import ProblemError
from shared.rescue import Rescuer
from shared.store.keys import head_key
from shared.store.whole import Store
from shared.view.view import view
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, an_input, moto_dynamodb
from tests.unit.emf import series_of
from tests.unit.requests import a_request, body_of
from tests.unit.services import outputs

KINDS = ("flashcards",)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class Feed:
    """The service over a store, as the owners of one test see it."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.dispatch = store, clock, RecordingDispatch()
        store, clock = self.store, self.clock
        rescuer = Rescuer(store.rescuer, self.dispatch, clock, SETTINGS, KINDS)
        self.service = FeedService(store.reads, Healer(store.reads, rescuer), outputs(store), clock, SETTINGS)
        self.alice, self.bob = f"alice-{clock.token()}", f"bob-{clock.token()}"

    def add(self, owner: str | None = None, **fields: Any) -> Generation:
        self.clock.pass_seconds(0.001)
        return self.store.admission.create(a_generation(self.clock, user_id=owner or self.alice, **fields), an_input())

    def fail(self, head: Generation) -> None:
        head = self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)
        self.store.worker.fail(head, Totals(0, Usage()), ErrorInfo("output_invalid", ""))

    def read(self, owner: str | None = None, **query: str) -> dict[str, Any]:
        answer = self.service.read(a_request(owner or self.alice, query=query))
        assert answer.status == 200
        return body_of(answer)

    def ids(self, owner: str | None = None, **query: str) -> list[str]:
        return [entry["generation_id"] for entry in self.read(owner, **query)["generations"]]


@pytest.fixture
def feed(store: Store, clock: FakeClock) -> Feed:
    return Feed(store, clock)


def test_an_owner_without_generations_reads_an_empty_page_that_is_the_last(feed: Feed) -> None:
    assert feed.read() == {"generations": [], "next_cursor": None}


def test_entries_are_the_view_without_the_output_and_keep_the_callers_own_names(feed: Feed) -> None:
    head = feed.add(client_id="entry-1", session_id="s-1", retry_of="another")
    [entry] = feed.read()["generations"]
    assert entry == view(head, moving(head, feed.clock.now(), SETTINGS))
    assert (entry["client_id"], entry["retry_of"]) == ("entry-1", "another")


def test_a_page_says_when_to_read_it_again_while_something_on_it_is_open(feed: Feed) -> None:
    def hint() -> str | None:
        return feed.service.read(a_request(feed.alice)).headers.get("retry-after")

    assert hint() is None
    waiting = feed.add(not_before=feed.clock.now() + timedelta(seconds=30.5))
    assert hint() == "30"
    open_now = feed.add()
    assert hint() == "2", "the first that can end counts"
    feed.fail(open_now)
    assert hint() == "30"
    assert waiting.generation_id in feed.ids()


def test_the_newest_is_first_and_no_other_owners_is_there(feed: Feed) -> None:
    mine = [feed.add().generation_id for _ in range(3)]
    theirs = feed.add(feed.bob).generation_id
    assert feed.ids() == mine[::-1]
    assert feed.ids(feed.bob) == [theirs]


def test_a_page_holds_twenty_unless_told_otherwise_and_the_cursor_leads_behind_it(feed: Feed) -> None:
    mine = [feed.add().generation_id for _ in range(25)][::-1]
    first = feed.read()
    assert [entry["generation_id"] for entry in first["generations"]] == mine[:20]
    second = feed.read(cursor=first["next_cursor"], limit="5")
    assert [entry["generation_id"] for entry in second["generations"]] == mine[20:]
    assert second["next_cursor"] is None, "nothing is behind it"


def test_a_cursor_of_anothers_leads_to_nothing_of_theirs(feed: Feed) -> None:
    for _ in range(3):
        feed.add(feed.bob)
    feed.add()
    theirs = feed.read(feed.bob, limit="1")["next_cursor"]
    assert not set(feed.ids(cursor=theirs)) & set(feed.ids(feed.bob))


def test_each_filter_keeps_what_fits_it_and_they_add_up(feed: Feed) -> None:
    plain, in_session, ended = feed.add(), feed.add(session_id="s-1"), feed.add(session_id="s-1")
    feed.fail(ended)
    assert feed.ids(session_id="s-1") == [ended.generation_id, in_session.generation_id]
    assert feed.ids(status="failed") == [ended.generation_id]
    assert feed.ids(status="pending") == [in_session.generation_id, plain.generation_id]
    assert feed.ids(session_id="s-1", status="pending", kind="flashcards") == [in_session.generation_id]
    assert feed.ids(session_id="s-2") == []


def test_a_dismissed_one_and_one_whose_retention_is_over_are_left_out(feed: Feed) -> None:
    kept, gone = feed.add(), feed.add()
    feed.store.endings.cancel(gone.key)
    feed.store.endings.dismiss(read_head(feed, gone))
    assert feed.ids() == [kept.generation_id]
    feed.store.endings.cancel(kept.key)
    feed.clock.pass_seconds(30 * 86_400)
    assert feed.ids() == []


def read_head(feed: Feed, head: Generation) -> Generation:
    found = feed.store.reads.get(head.key)
    assert found is not None
    return found


def test_what_is_asked_of_the_table_in_one_call_is_bounded_and_paging_still_reaches_the_end(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.status.feed._READ_AT_MOST", 4)
    wanted = [feed.add(session_id="s-1").generation_id]
    for _ in range(10):
        feed.add()
    wanted.append(feed.add(session_id="s-1").generation_id)
    pages, cursor = [], None
    while True:
        page = feed.read(session_id="s-1", **({"cursor": cursor} if cursor else {}))
        pages.append([entry["generation_id"] for entry in page["generations"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [[wanted[1]], [], [wanted[0]], []], "short and empty pages are no end"


def test_a_filter_that_finds_nothing_reads_a_hundred_heads_in_one_request_and_hands_out_a_cursor(feed: Feed) -> None:
    heads = [feed.add().generation_id for _ in range(130)]
    asked: list[dict[str, Any]] = []
    table: Any = feed.store.ground.table
    query = table._client.query

    def ask(**given: Any) -> Any:
        asked.append(given)
        return query(**given)

    with patch.object(table._client, "query", ask):
        page = feed.read(session_id="nothing")
        assert page["generations"] == []
        assert page["next_cursor"] == encode(heads[-100])
        assert [given["Limit"] for given in asked] == [100]
        assert feed.read(session_id="nothing", cursor=page["next_cursor"])["next_cursor"] is None


def test_looking_at_the_feed_heals_what_is_stale_a_few_at_a_time(feed: Feed) -> None:
    heads = [feed.add() for _ in range(5)]
    feed.clock.pass_seconds(900)
    states = [entry["status"] for entry in feed.read()["generations"]]
    assert states == ["failed"] * 3 + ["pending"] * 2
    assert [entry["status"] for entry in feed.read()["generations"]] == ["failed"] * 5
    assert len(heads) == 5


def test_what_a_rescue_made_of_a_generation_decides_whether_it_passes_the_filter(feed: Feed) -> None:
    head = feed.add()
    feed.clock.pass_seconds(900)
    assert feed.ids(status="pending") == []
    assert feed.ids(status="failed") == [head.generation_id]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "status=done",
        "status=failed,pending",
        "kind=poem",
        "cursor=x",
        "page=2",
        "session_id=a b",
    ],
)
def test_a_query_that_is_not_understood_is_refused(feed: Feed, query: str) -> None:
    name, _, value = query.partition("=")
    with pytest.raises(ProblemError, match="invalid_query"):
        feed.read(**{name: value})


def damage(dynamodb: Any, head: Generation, **attributes: Any) -> None:
    """Give the stored head attributes that no version of the code writes."""
    names = {f"#{name}": name for name in attributes}
    dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=head_key(head.key),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


DAMAGES: dict[str, dict[str, Any]] = {
    "a status that is no word": {"status": {"N": "7"}},
    "a time that is no number": {"created_at": {"S": "yesterday"}},
    "a time beyond all calendars": {"deadline_at": {"N": "9e20"}},
    "a time at the end of them": {"deadline_at": {"N": "253402300799"}, "heartbeat_at": {"N": "253402300799"}},
    "a time of a claim at the end of them": {"status": {"S": "running"}, "heartbeat_at": {"N": "253402300799"}},
    "a count that is a list": {"version": {"L": []}},
    "a cost that is a word": {"cost_usd": {"S": "much"}},
    "an error without its code": {"status": {"S": "failed"}, "error": {"M": {"words": {"S": "x"}}}},
    "a type that the store never writes": {"stage": {"SS": ["a"]}},
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_head_that_cannot_be_read_costs_its_owner_that_row_and_not_the_feed(
    feed: Feed, dynamodb: Any, name: str
) -> None:
    older, odd, newer = feed.add(), feed.add(), feed.add()
    damage(dynamodb, odd, **DAMAGES[name])
    assert [each for each in feed.ids() if each != odd.generation_id] == [newer.generation_id, older.generation_id]
    first = feed.read(limit="1")
    assert [row["generation_id"] for row in first["generations"]] == [newer.generation_id]
    rest = feed.read(limit="2", cursor=first["next_cursor"])
    assert older.generation_id in [row["generation_id"] for row in rest["generations"]]


def test_heads_that_cannot_be_read_count_as_read(feed: Feed, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.status.feed._READ_AT_MOST", 3)
    oldest = feed.add()
    for _ in range(4):
        damage(dynamodb, feed.add(), status={"N": "7"})
    page = feed.read(kind="flashcards")
    assert page["generations"] == []
    assert feed.ids(kind="flashcards", cursor=page["next_cursor"]) == [oldest.generation_id]


def test_a_rescue_that_is_denied_fails_no_read_beside_it(
    feed: Feed, dynamodb: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = [feed.add().generation_id for _ in range(5)]
    feed.clock.pass_seconds(SETTINGS.lease_seconds * 10)

    def denied(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "UpdateItem"}}, "UpdateItem")

    with monkeypatch.context() as denying:
        for write in ("update_item", "transact_write_items"):
            denying.setattr(dynamodb, write, denied)
        assert feed.ids() == stale[::-1]
        assert sum(series_of(capsys.readouterr().out)[("service=unstuck", "Errors")]) == 3
    assert feed.ids() == stale[::-1]
    assert len(feed.dispatch.sent) == 3, "the next look rescues them"
