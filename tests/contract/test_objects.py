"""Pictures and values too large for an item, against a real S3 protocol: the store's callers see no difference."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.actions.erase import EraseService
from operations.checks import Expected
from operations.doctor import Doctor
from operations.findings import OBJECT_GONE
from operations.reading import Reader as TableReader
from shared.domain.errors import StoreRefusedError, StoreUnavailableError, UnreadableError
from shared.domain.generation import Called, ErrorInfo, Generation, GenerationInput, StoredStep, Totals, Usage
from shared.domain.limits import Policy
from shared.domain.pictures import name_of
from shared.domain.pseudonym import bare_hash
from shared.store.admission import Admission
from shared.store.keys import input_key, step_key
from shared.store.marshalling import pack, unmarshal
from shared.store.objects import MOST_IN_AN_ITEM, Objects
from shared.store.whole import Store
from tests.contract.counter import Counter
from tests.factories import SETTINGS, FakeClock, a_generation, a_step, an_input, create_table, s3_beside, store_over
from tests.unit.requests import a_request, body_of

KINDS = ("flashcards", "image")
LARGE = "".join(random.Random(5).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=1_000_000))
"""A megabyte that zlib makes little of."""
PICTURE = b"\x89PNG of a lighthouse"
SAID = {"sha256": "0" * 64, "width": 512, "height": 288}
"""A result's other fields of a picture, beside its name, type and bytes: it is a picture only with all of them."""


@dataclass
class Place:
    """A store, and the parts below it."""

    store: Store
    clock: FakeClock
    dynamodb: Any
    s3: Any

    def running(self, **changes: Any) -> Generation:
        head = self.store.admission.create(a_generation(self.clock, **changes), an_input())
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def keys(self, user_id: str) -> list[str]:
        prefix = self.store.ground.objects.prefixes_of(user_id)[0]
        found = self.s3.list_objects_v2(Bucket=SETTINGS.bucket_name, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def item(self, key: Any) -> dict[str, Any]:
        return unmarshal(self.dynamodb.get_item(TableName=SETTINGS.table_name, Key=key)["Item"])


@pytest.fixture
def place(dynamodb: Any, clock: FakeClock) -> Place:
    return Place(store_over(dynamodb, clock), clock, dynamodb, s3_beside(dynamodb))


def a_large_step(clock: FakeClock, name: str = "cards", **changes: Any) -> StoredStep:
    return a_step(clock, name, result={"text": LARGE}, **changes)


def test_a_result_of_a_megabyte_is_read_as_it_was_stored(place: Place) -> None:
    head = place.running()
    step = a_large_step(place.clock)
    assert place.store.worker.store_step(head, step) == step
    assert place.store.reads.get_step(head.key, "cards") == step
    assert place.store.reads.get_steps(head.key) == [step]
    item = place.item(step_key(head.key, "cards"))
    assert "result" not in item
    assert item["result_object"] == place.store.ground.objects.key_of(head.key, f"{head.fence}-cards")
    assert place.keys(head.user_id) == [item["result_object"]]


def test_an_input_of_a_megabyte_is_read_as_it_was_sent(place: Place) -> None:
    given = GenerationInput({"source_text": LARGE}, "m", "1", "request")
    head = place.store.admission.create(a_generation(place.clock), given)
    assert place.store.reads.get_input(head.key) == given
    assert "content" not in place.item(input_key(head.key))


def test_what_fits_into_its_item_needs_no_bucket(dynamodb: Any, clock: FakeClock) -> None:
    def refuse() -> Any:
        raise AssertionError("a client was made")

    objects = Objects(refuse, SETTINGS.bucket_name)
    store = Store(store_over(dynamodb, clock).ground._replace(objects=objects))
    head = store.admission.create(a_generation(clock), an_input("x" * MOST_IN_AN_ITEM))
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), KINDS)
    store.worker.store_step(head, a_step(clock, result={"text": LARGE[: MOST_IN_AN_ITEM - 100]}))
    assert store.reads.get_input(head.key) is not None
    assert len(store.reads.get_steps(head.key)) == 1


def test_of_two_holders_the_first_result_counts_and_neither_writes_over_the_other(place: Place) -> None:
    zombie = place.running()
    place.clock.pass_seconds(SETTINGS.lease_seconds)
    pending = place.store.rescuer.give_back(zombie, None)
    holder = place.store.worker.claim(Called(pending.key, pending.fence), place.clock.token(), KINDS)
    first = a_large_step(place.clock)
    assert place.store.worker.store_step(holder, first) == first
    late = a_step(place.clock, result={"text": LARGE[::-1]})
    assert place.store.worker.store_step(zombie, late) == first, "its result is read back, though it is in an object"
    assert place.store.reads.get_steps(holder.key) == [first]
    name = place.item(step_key(holder.key, "cards"))["result_object"]
    assert len(place.keys(holder.user_id)) == 2, "the late one is named by no item"
    assert name.endswith(f"/{holder.fence}-cards")


def test_the_object_is_there_before_the_item_that_names_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    head = place.running()

    def down(_objects: Objects, *_given: Any, **_more: Any) -> None:
        raise StoreUnavailableError("SlowDown")

    with monkeypatch.context() as patched:
        patched.setattr(Objects, "put", down)
        with pytest.raises(StoreUnavailableError):
            place.store.worker.store_step(head, a_large_step(place.clock))
        with pytest.raises(StoreUnavailableError):
            place.store.admission.create(a_generation(place.clock, user_id=head.user_id), an_input(LARGE))
    assert place.store.reads.get_steps(head.key) == []
    assert [found.generation_id for found in place.store.reads.newest(head.user_id, None, 10)] == [head.generation_id]


def test_who_ends_a_generation_counts_its_large_steps_without_reading_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = place.running()
    place.store.worker.store_step(head, a_large_step(place.clock, usage=Usage(1, 100, 50)))

    def forbidden(_objects: Objects, _key: str) -> bytes:
        raise AssertionError("the sweeper may not read the bucket")

    monkeypatch.setattr(Objects, "get", forbidden)
    canceled = place.store.endings.cancel(head.key)
    assert canceled is not None
    assert canceled.usage.calls == 1
    [step] = place.store.reads.get_steps(head.key, results=False)
    assert (step.name, step.result) == ("cards", {})


def test_a_successor_has_copies_that_outlive_what_they_were_made_of(place: Place) -> None:
    head = place.running(kind="image")
    name = f"k{head.fence}-image-1-1.png"
    place.store.pictures.put_picture(head, name, PICTURE, "image/png")
    image = {"name": name, "content_type": "image/png", "bytes": len(PICTURE), **SAID}
    steps = [
        a_step(place.clock, "image-1", 1, result={"images": [image]}),
        a_step(place.clock, "image-2", 2, result={"images": [image], "text": LARGE}),
    ]
    for step in steps:
        place.store.worker.store_step(head, step)
    old = place.store.endings.cancel(head.key)
    assert old is not None
    new = a_generation(place.clock, user_id=head.user_id, kind="image")
    place.store.retries.retry(
        old, new, an_input(LARGE), lambda: place.store.reads.get_steps(old.key), Admission(Policy({}))
    )
    for key in place.keys(head.user_id):
        if old.generation_id in key:
            place.s3.delete_object(Bucket=SETTINGS.bucket_name, Key=key)
    copied = place.store.reads.get_steps(new.key)
    assert [step.result for step in copied] == [step.result for step in steps]
    assert place.store.reads.get_input(new.key) is not None
    found = place.s3.get_object(Bucket=SETTINGS.bucket_name, Key=place.store.ground.objects.key_of(new.key, name))
    assert (found["Body"].read(), found["ContentType"]) == (PICTURE, "image/png")
    assert (found["ContentDisposition"], found["CacheControl"]) == ("inline", "private, max-age=900, immutable")


def test_an_erasure_deletes_every_object_of_the_owner_and_none_of_anothers(place: Place) -> None:
    head, other = place.running(), place.running()
    for one in (head, other):
        place.store.worker.store_step(one, a_large_step(place.clock))
        place.store.pictures.put_picture(one, "k2-image-1-1.png", PICTURE, "image/png")
    store = place.store
    erasures = EraseService(store.erasure, store.endings, place.clock, store.ground.settings)
    assert body_of(erasures.erase(a_request(head.user_id)))["done"] is False, "its lease is not over"
    assert place.keys(head.user_id) == []
    # A worker that was in the middle of it: the mark waits for its lease, and then it is looked for again.
    place.store.pictures.put_picture(head, "k2-image-1-2.png", PICTURE, "image/png")
    place.clock.pass_seconds(SETTINGS.lease_seconds)
    assert erasures.erase(a_request(head.user_id)).status == 200
    assert place.keys(head.user_id) == []
    assert len(place.keys(other.user_id)) == 2


def test_more_objects_than_one_page_lists_are_deleted_page_by_page(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.objects._AT_ONCE", 2)
    head = place.running()
    for number in range(5):
        place.store.pictures.put_picture(head, f"k2-image-1-{number}.png", PICTURE, "image/png")
    assert [place.store.erasure.delete_objects(head.user_id) for _ in range(4)] == [True, True, True, False]


def test_a_dismissed_generation_keeps_its_objects(place: Place) -> None:
    head = place.running()
    place.store.pictures.put_picture(head, "k2-image-1-1.png", PICTURE, "image/png")
    place.store.worker.succeed(head, Totals(1, Usage()), "image-1")
    ended = place.store.reads.get(head.key)
    assert ended is not None
    place.store.endings.dismiss(ended)
    assert len(place.keys(head.user_id)) == 1


def failing(error: Exception) -> Callable[..., Any]:
    def fail(**_given: Any) -> Any:
        raise error

    return fail


def refused(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


class OneThat:
    """An S3 client whose every call ends in the same error."""

    def __init__(self, error: Exception) -> None:
        self.put_object = self.get_object = self.list_objects_v2 = failing(error)


@pytest.mark.parametrize(
    "error",
    [
        refused("SlowDown", 503),
        refused("InternalError", 500),
        refused("RequestTimeout", 400),
        refused("Whatever", 502),
        ReadTimeoutError(endpoint_url="https://s3"),
    ],
    ids=str,
)
def test_what_may_pass_is_the_stores_own_error(error: Exception) -> None:
    client: Any = OneThat(error)
    objects = Objects(lambda: client, "b")
    for act in (lambda: objects.put("k", b"", "image/png"), lambda: objects.get("k"), lambda: objects.delete_some("o")):
        with pytest.raises(StoreUnavailableError):
            act()


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_what_would_be_refused_again_is_raised_with_its_operation_and_code(code: str) -> None:
    client: Any = OneThat(refused(code, 403))
    with pytest.raises(StoreRefusedError, match=f"^PutObject: {code}$"):
        Objects(lambda: client, "b").get("k")


def test_an_object_that_is_gone_cannot_be_read() -> None:
    client: Any = OneThat(refused("NoSuchKey", 404))
    with pytest.raises(UnreadableError):
        Objects(lambda: client, "b").get("k")


def test_an_object_is_there_until_it_is_gone(place: Place) -> None:
    objects, key = place.store.ground.objects, place.store.ground.objects.key_of(place.running().key, "2-cards")
    assert not objects.exists(key)
    objects.put(key, b"there", "application/zlib")
    assert objects.exists(key)
    objects.delete([key])
    assert not objects.exists(key)


def test_doctor_asks_the_bucket_for_what_each_item_names(dynamodb: Any, clock: FakeClock) -> None:
    # A table of its own: the doctor reads all of one, and the other tests of the emulator leave much.
    settings = replace(SETTINGS, table_name=f"doctor-{clock.token()}")
    create_table(dynamodb, settings.table_name)
    place = Place(store_over(dynamodb, clock, settings), clock, dynamodb, s3_beside(dynamodb))
    sound, odd = place.running(), place.running()
    for head in (sound, odd):
        name = f"k{head.fence}-image-1-1.png"
        drawn = {"name": name, "content_type": "image/png", "bytes": len(PICTURE), **SAID}
        place.store.worker.store_step(head, a_large_step(place.clock))
        place.store.worker.store_step(head, a_step(place.clock, "image-1", 2, result={"images": [drawn]}))
        place.store.pictures.put_picture(head, name, PICTURE, "image/png")
    place.store.ground.objects.delete([place.store.ground.objects.key_of(odd.key, f"k{odd.fence}-image-1-1.png")])
    doctor = Doctor(
        reader=TableReader(dynamodb, settings.table_name, clock),
        store=place.store,
        clock=clock,
        expected=Expected(timedelta(days=30), timedelta(seconds=40), timedelta(seconds=180)),
        sleep=lambda _seconds: None,
        has_object=place.store.ground.objects.exists,
    )
    found = [(finding.owner, finding.item) for finding in doctor.look().findings if finding.rule == OBJECT_GONE]
    dynamodb.delete_table(TableName=settings.table_name)
    assert found == [(odd.user_id, f"S#{odd.generation_id}#image-1")]


def drawn_before_there_was_a_key(place: Place) -> tuple[Generation, str, str]:
    """Return a failed generation as the version before this one left it, and the keys of its picture and its step."""
    head = place.running(kind="image")
    root = f"{bare_hash(head.user_id)}/{head.generation_id}"
    picture, step = f"{root}/2-image-1-1.png", f"{root}/2-image-2"
    objects = place.store.ground.objects
    objects.put(picture, PICTURE, "image/png")
    objects.put(step, pack({"text": "of old"}), "application/zlib")
    images = [{"name": "2-image-1-1.png", "content_type": "image/png", "bytes": len(PICTURE), **SAID}]
    place.store.worker.store_step(head, a_step(place.clock, "image-1", 1, result={"images": images}))
    place.store.worker.store_step(head, a_step(place.clock, "image-2", 2))
    place.dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=step_key(head.key, "image-2"),
        UpdateExpression="SET result_object = :key REMOVE #result",
        ExpressionAttributeNames={"#result": "result"},
        ExpressionAttributeValues={":key": {"S": step}},
    )
    place.store.worker.fail(head, Totals(2, Usage()), ErrorInfo("output_invalid", ""))
    return head, picture, step


def test_what_was_stored_before_there_was_a_key_is_read_taken_over_and_erased(place: Place) -> None:
    head, picture, _ = drawn_before_there_was_a_key(place)
    assert picture in place.store.pictures.picture_url(head.key, "2-image-1-1.png")
    assert [step.result for step in place.store.reads.get_steps(head.key)][1] == {"text": "of old"}
    counter = Counter(place.store, place.clock, head, settings=replace(SETTINGS, default_model="local/cards"))
    [new] = counter.successors() if counter.retry().status == 202 else []
    root = f"{bare_hash(head.user_id)}/{new.generation_id}"
    found = place.s3.get_object(Bucket=SETTINGS.bucket_name, Key=f"{root}/2-image-1-1.png")
    assert found["Body"].read() == PICTURE
    place.store.pictures.put_picture(new, "k2-image-1-2.png", PICTURE, "image/png")
    objects = place.store.ground.objects
    while objects.delete_some(head.user_id):
        pass
    for prefix in objects.prefixes_of(head.user_id):
        assert "Contents" not in place.s3.list_objects_v2(Bucket=SETTINGS.bucket_name, Prefix=prefix)


def test_nothing_that_is_stored_is_named_by_a_hash_that_anybody_could_make(place: Place) -> None:
    head = place.running()
    place.store.worker.store_step(head, a_large_step(place.clock))
    place.store.pictures.put_picture(head, name_of(head.fence, "image-1", 1, "image/png"), PICTURE, "image/png")
    found = place.s3.list_objects_v2(Bucket=SETTINGS.bucket_name)["Contents"]
    ours = [each["Key"] for each in found if head.generation_id in each["Key"]]
    assert len(ours) == 2
    assert not any(key.startswith(bare_hash(head.user_id)) for key in ours)
