"""The feed with outputs: each as its owner would read it alone, within bounds, and paging still loses none."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from functions.status.feed import FeedService
from functions.status.healing import Healer
from functions.status.output import bytes_of
from local.model_server.flashcards import make_cards
from shared.domain.generation import Called, ErrorInfo, Generation, Totals, Usage
from shared.domain.review import Decision, Review, Wish, decide
from shared.http.problems import ProblemError
from shared.rescue import Rescuer
from shared.store.objects import Objects
from shared.store.whole import Store
from tests.e2e.owner import TEXT
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input, moto_dynamodb
from tests.simulation.capacity import read_units, size_of
from tests.unit.requests import a_request, body_of
from tests.unit.services import generation_service, outputs

KINDS = ("flashcards", "story", "image")
CARDS = {"suggestions": [{"front": f"Question {n}?", "back": f"Answer {n}."} for n in (1, 2)]}
ROW, PAGE = 32 * 1024, 256 * 1024


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class Gallery:
    """One owner's feed with outputs."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.owner = store, clock, f"owner-{clock.token()}"
        self.rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, KINDS)
        self.service = FeedService(store.reads, Healer(store.reads, self.rescuer), outputs(store), clock, SETTINGS)

    def running(self, kind: str = "story") -> Generation:
        self.clock.pass_seconds(0.001)
        head = self.store.admission.create(a_generation(self.clock, user_id=self.owner, kind=kind), an_input())
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def add(self, result: dict[str, Any], kind: str = "story") -> Generation:
        head = self.running(kind)
        self.store.worker.store_step(head, a_step(self.clock, "whole", result=result))
        self.store.worker.succeed(head, Totals(1, Usage(1)), "whole")
        found = self.store.reads.get(head.key)
        assert found is not None
        return found

    def read(self, **query: str) -> dict[str, Any]:
        answer = self.service.read(a_request(self.owner, query={"fields": "output", **query}))
        assert answer.status == 200
        return body_of(answer)

    def pages(self, **query: str) -> list[list[dict[str, Any]]]:
        found, cursor = [], dict[str, str]()
        while True:
            page = self.read(**query, **cursor)
            found.append(page["generations"])
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def alone(self, head: Generation) -> dict[str, Any]:
        service = generation_service(self.store, self.rescuer)
        return body_of(service.get(a_request(self.owner, generation_id=head.generation_id)))


@pytest.fixture
def gallery(store: Store, clock: FakeClock) -> Gallery:
    return Gallery(store, clock)


def text_of(json_bytes: int) -> dict[str, Any]:
    """Return an output of exactly this many bytes."""
    return {"text": "x" * (json_bytes - len('{"text":""}'))}


def test_a_row_has_the_output_that_its_own_address_has(gallery: Gallery) -> None:
    cards, story = gallery.add(CARDS, "flashcards"), gallery.add({"title": "Ä", "chapters": []})
    rows = gallery.read()["generations"]
    assert rows == [gallery.alone(story), gallery.alone(cards)]
    assert [each["state"] for each in rows[1]["output"]["suggestions"]] == ["proposed", "proposed"]


def test_decisions_are_in_it(gallery: Gallery) -> None:
    other, head = gallery.add(CARDS, "flashcards"), gallery.add(CARDS, "flashcards")
    wish = Wish(2, Decision.ACCEPTED)
    change = decide(head, CARDS["suggestions"], Review(), [wish], now=gallery.clock.now(), new_id=gallery.clock.new_id)
    assert change is not None
    gallery.store.reviews.review(head, change)
    rows = gallery.read()["generations"]
    assert [[each["state"] for each in row["output"]["suggestions"]] for row in rows] == [
        ["proposed", "accepted"],
        ["proposed", "proposed"],
    ]
    assert rows == [gallery.alone(head), gallery.alone(other)]


def test_pictures_come_with_links_and_not_by_their_names(gallery: Gallery) -> None:
    told = {"content_type": "image/png", "bytes": 7, "sha256": "0" * 64, "width": 3, "height": 4}
    gallery.add({"images": [{"name": "2-image-1-1.png", **told}]}, "image")
    [row] = gallery.read()["generations"]
    [image] = row["output"]["images"]
    assert image.pop("url").startswith("https://")
    assert image.pop("expires_at") > row["finished_at"]
    assert image == told


def test_what_made_nothing_has_no_output_and_is_not_called_too_large(gallery: Gallery) -> None:
    gallery.running()
    gallery.store.worker.fail(gallery.running(), Totals(0, Usage()), ErrorInfo("output_invalid", ""))
    gallery.store.endings.cancel(gallery.running().key)
    rows = gallery.read()["generations"]
    assert [row["status"] for row in rows] == ["canceled", "failed", "running"]
    assert not any({"output", "output_omitted"} & row.keys() for row in rows)


def test_the_largest_output_of_a_row_is_there_and_one_byte_more_is_left_out_with_a_word(gallery: Gallery) -> None:
    fits, does_not = gallery.add(text_of(ROW)), gallery.add(text_of(ROW + 1))
    left_out, whole = gallery.read()["generations"]
    assert (whole["generation_id"], bytes_of(whole["output"])) == (fits.generation_id, ROW)
    assert "output_omitted" not in whole
    assert left_out["output_omitted"] is True
    assert "output" not in left_out
    assert bytes_of(gallery.alone(does_not)["output"]) == ROW + 1, "its own address has it"


def test_what_states_and_links_add_counts_as_well(gallery: Gallery) -> None:
    bare = [{"front": "x" * 80, "back": "y" * 80} for _ in range(ROW // 190)]
    head = gallery.add({"suggestions": bare}, "flashcards")
    assert bytes_of({"suggestions": bare}) <= ROW < bytes_of(gallery.alone(head)["output"])
    [row] = gallery.read()["generations"]
    assert row["output_omitted"] is True


def test_a_result_in_the_bucket_is_left_out_without_a_request_to_it(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = "".join(gallery.clock.token() for _ in range(60_000))
    gallery.add({"text": noise})
    asked: list[str] = []

    def get(_objects: Objects, key: str) -> bytes:
        asked.append(key)
        return b""

    monkeypatch.setattr(Objects, "get", get)
    [row] = gallery.read()["generations"]
    assert (row["output_omitted"], asked) == (True, [])


def test_a_small_item_that_unpacks_to_very_much_is_not_unpacked(gallery: Gallery) -> None:
    gallery.add({"text": "x" * 50_000_000})  # 50 KB packed
    tracemalloc.start()
    try:
        [row] = gallery.read()["generations"]
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert row["output_omitted"] is True
    assert peak < 10_000_000, peak


def test_a_page_ends_before_the_row_that_is_too_much_for_it_and_the_next_begins_there(gallery: Gallery) -> None:
    made = [gallery.add(text_of(ROW)).generation_id for _ in range(20)][::-1]
    pages = gallery.pages(limit="25")
    assert [len(page) for page in pages] == [8, 8, 4]
    assert [row["generation_id"] for page in pages for row in page] == made
    assert all(sum(bytes_of(row["output"]) for row in page) <= PAGE for page in pages)


def test_a_page_that_is_full_to_the_byte_goes_on_only_where_there_is_more(gallery: Gallery) -> None:
    for _ in range(8):
        gallery.add(text_of(ROW))
    assert gallery.read()["next_cursor"] is None
    gallery.store.endings.cancel(gallery.running().key)
    assert [len(page) for page in gallery.pages()] == [9], "a row without an output takes no room"


def test_a_page_cut_short_goes_on_in_the_same_filter(gallery: Gallery) -> None:
    wanted = []
    for _ in range(10):
        wanted.append(gallery.add(text_of(ROW)).generation_id)
        gallery.add(CARDS, "flashcards")
    pages = gallery.pages(kind="story", status="succeeded")
    assert [[row["generation_id"] for row in page] for page in pages] == [wanted[:1:-1], wanted[1::-1]]


def test_a_page_holds_ten_rows_unless_asked_for_up_to_twenty_five(gallery: Gallery) -> None:
    for _ in range(27):
        gallery.add(CARDS, "flashcards")
    assert [len(page) for page in gallery.pages()] == [10, 10, 7]
    assert [len(page) for page in gallery.pages(limit="25")] == [25, 2]
    assert [len(page) for page in gallery.pages(limit="100")] == [25, 2]
    with pytest.raises(ProblemError, match="invalid_query"):
        gallery.read(limit="101")


def test_a_page_costs_two_reads_of_many_items_whatever_it_holds(gallery: Gallery, dynamodb: Any) -> None:
    head = gallery.add(CARDS, "flashcards")
    for _ in range(24):
        gallery.add(CARDS, "flashcards")
    wish = Wish(1, Decision.REJECTED)
    change = decide(head, CARDS["suggestions"], Review(), [wish], now=gallery.clock.now(), new_id=gallery.clock.new_id)
    assert change is not None
    gallery.store.reviews.review(head, change)
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    dynamodb.meta.events.register("before-call.dynamodb", note)
    try:
        assert len(gallery.read(limit="25")["generations"]) == 25
        assert calls == ["Query", "BatchGetItem", "BatchGetItem"]
        calls.clear()
        gallery.service.read(a_request(gallery.owner, query={"limit": "25"}))
        assert calls == ["Query"], "who does not ask for outputs does not pay for them"
    finally:
        dynamodb.meta.events.unregister("before-call.dynamodb", note)


def test_ten_reviewed_sets_of_cards_cost_a_read_unit_each_for_the_output_and_one_for_the_review(
    gallery: Gallery, dynamodb: Any
) -> None:
    for _ in range(10):
        head = gallery.add(make_output(), "flashcards")
        wish = Wish(1, Decision.ACCEPTED)
        now, new_id = gallery.clock.now(), gallery.clock.new_id
        change = decide(head, make_output()["suggestions"], Review(), [wish], now=now, new_id=new_id)
        assert change is not None
        gallery.store.reviews.review(head, change)
    units: list[float] = []

    def count(parsed: dict[str, Any], **_: Any) -> None:
        # DynamoDB rounds a query up as a whole, and each item of a batch alone.
        sizes = [size_of(item) for item in parsed.get("Items") or parsed["Responses"]["unstuck"]]
        read = [sum(sizes)] if "Items" in parsed else sizes
        units.append(sum(read_units(size, consistent=True) for size in read))

    dynamodb.meta.events.register("after-call.dynamodb", count)
    try:
        assert len(gallery.read()["generations"]) == 10
    finally:
        dynamodb.meta.events.unregister("after-call.dynamodb", count)
    assert units == [2, 10, 10]


def make_output() -> dict[str, Any]:
    return {"suggestions": [{"front": card.front, "back": card.back} for card in make_cards(TEXT)]}


@pytest.mark.parametrize("fields", ["", "outputs", "output,output", "*"])
def test_no_other_fields_can_be_asked_for(gallery: Gallery, fields: str) -> None:
    with pytest.raises(ProblemError, match="invalid_query"):
        gallery.read(fields=fields)
