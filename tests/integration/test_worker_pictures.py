"""A worker that draws: each picture is stored under its holder's fence before the step that names it, and paid once."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.process.ending import Ending
from functions.process.provider import Completion
from functions.process.provider.pictures import DrawnPicture
from shared.domain.errors import InvalidOutputError, StoreUnavailableError
from shared.domain.generation import Generation, GenerationInput
from shared.domain.states import Status
from shared.store.objects import Objects
from tests.factories import SETTINGS, a_generation, s3_beside
from tests.integration.worker_rig import PAID, Call, Rig, Turn, WorkerDiedError, raising, then

PICTURE = DrawnPicture("image/png", b"\x89PNG one", 3, 4)


def drawing(*images: DrawnPicture) -> Turn:
    return lambda call: Completion("", "gen-1", call.request.model, PAID, images or (PICTURE,))


def pending(rig: Rig, **content: Any) -> Generation:
    given = GenerationInput({"prompt": "a lighthouse", **content}, "local/image", "1", "request")
    return rig.store.admission.create(a_generation(rig.clock, kind="image"), given)


def stored(dynamodb: Any, head: Generation, name: str) -> bytes:
    key = Objects(lambda: s3_beside(dynamodb), SETTINGS.bucket_name, SETTINGS.owner_key).key_of(head.key, name)
    return bytes(s3_beside(dynamodb).get_object(Bucket=SETTINGS.bucket_name, Key=key)["Body"].read())


def named(rig: Rig, head: Generation) -> list[list[str]]:
    return [[image["name"] for image in step.result["images"]] for step in rig.steps(head)]


def test_what_is_asked_of_the_model_and_what_becomes_of_its_picture(rig: Rig, dynamodb: Any) -> None:
    head = pending(rig, aspect_ratio="16:9")
    handled, ended = rig.run(head, drawing())
    assert (handled.ending, ended.status, ended.output_step) == (Ending.SUCCEEDED, Status.SUCCEEDED, "image-1")
    assert named(rig, head) == [["k2-image-1-1.png"]]
    assert stored(dynamodb, head, "k2-image-1-1.png") == PICTURE.data
    [call] = rig.model.calls
    assert (call.request.schema, call.request.aspect_ratio) == (None, "16:9")
    assert "<description>\na lighthouse\n</description>" in call.request.messages[1].content


def test_more_pictures_than_asked_for_are_not_stored(rig: Rig, dynamodb: Any) -> None:
    head = pending(rig)
    rig.run(head, drawing(PICTURE, replace(PICTURE, data=b"\x89PNG two")))
    assert named(rig, head) == [["k2-image-1-1.png"]]
    with pytest.raises(ClientError):
        stored(dynamodb, head, "k2-image-1-2.png")


def test_pictures_that_are_stored_are_not_drawn_again_by_the_next_holder(rig: Rig, dynamodb: Any) -> None:
    head = pending(rig, count=2)
    with pytest.raises(WorkerDiedError):
        rig.run(head, drawing(), raising(WorkerDiedError()))
    lost = rig.lost(rig.read(head))
    handled, ended = rig.run(lost, drawing(replace(PICTURE, content_type="image/webp", data=b"RIFF two")))
    assert (handled.ending, ended.usage.calls) == (Ending.SUCCEEDED, 2)
    assert named(rig, head) == [["k2-image-1-1.png"], ["k2-image-1-1.png", "k4-image-2-1.webp"]]
    assert stored(dynamodb, head, "k4-image-2-1.webp") == b"RIFF two"


def test_a_late_holder_cannot_write_over_the_picture_of_the_next_one(rig: Rig, dynamodb: Any) -> None:
    head = pending(rig)

    def overtaken(_call: Call) -> None:
        # During the first worker's call it loses its lease, and the next worker draws and ends it.
        lost = rig.lost(rig.read(head))
        rig.run(lost, drawing(replace(PICTURE, data=b"\x89PNG of the holder")))

    rig.script(then(overtaken, drawing(replace(PICTURE, data=b"\x89PNG of the zombie"))))
    assert rig.handle(head).ending is Ending.LEASE_LOST
    assert named(rig, head) == [["k4-image-1-1.png"]]
    assert stored(dynamodb, head, "k4-image-1-1.png") == b"\x89PNG of the holder"
    assert stored(dynamodb, head, "k2-image-1-1.png") == b"\x89PNG of the zombie", "named by no step"
    assert rig.read(head).status is Status.SUCCEEDED


def test_an_answer_without_a_picture_fails_it_with_what_it_has_cost(rig: Rig) -> None:
    head = pending(rig)
    empty = raising(InvalidOutputError("output_empty", "no picture", usage=PAID))
    handled, ended = rig.run(head, empty, empty)
    assert (handled.ending, ended.error and ended.error.code) == (Ending.FAILED, "output_empty")
    assert ended.usage.cost_usd == 2 * PAID.cost_usd


def test_a_picture_that_cannot_be_stored_ends_the_attempt_without_a_step(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = pending(rig)

    def down(*_given: Any, **_more: Any) -> None:
        raise StoreUnavailableError("SlowDown")

    with monkeypatch.context() as patched:
        patched.setattr(rig.store.ground.objects, "put", down)
        rig.script(drawing())
        assert rig.handle(head).ending is Ending.RELEASED
    after = rig.read(head)
    assert rig.steps(head) == []
    assert (after.status, after.because, after.usage) == (Status.PENDING, "storage_unavailable", PAID.all_wasted())
