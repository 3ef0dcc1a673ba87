"""Pictures as their owner reads them: signed URLs for a while, and never a 304 for URLs that are about to end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.aws.clients import FOR_OBJECTS
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.http.response import Response
from shared.rescue import Rescuer
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input, moto_dynamodb
from tests.unit.requests import a_request, body_of
from tests.unit.services import generation_service

KINDS = ("flashcards", "image")
NAME = "k2-image-1-1.png"
TOLD = {"content_type": "image/png", "bytes": 7, "sha256": "0" * 64, "width": 3, "height": 4}
LIFETIME = SETTINGS.signed_url_seconds


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class Window:
    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.service = generation_service(store, Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, KINDS))

    def succeeded(self, result: dict[str, Any]) -> Generation:
        head = self.store.admission.create(a_generation(self.clock, kind="image"), an_input())
        head = self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)
        self.store.worker.store_step(head, a_step(self.clock, "image-1", result=result))
        self.store.worker.succeed(head, Totals(1, Usage(1)), "image-1")
        return head

    def get(self, head: Generation, if_none_match: str | None = None) -> Response:
        headers = {} if if_none_match is None else {"if_none_match": if_none_match}
        asked = a_request(head.user_id, None, generation_id=head.generation_id, query=None, **headers)
        return self.service.get(asked)

    def image(self, head: Generation) -> dict[str, Any]:
        [image] = body_of(self.get(head))["output"]["images"]
        return dict(image)


@pytest.fixture
def window(store: Store, clock: FakeClock) -> Window:
    return Window(store, clock)


@pytest.fixture
def head(window: Window) -> Generation:
    return window.succeeded({"images": [{"name": NAME, **TOLD}]})


def test_a_picture_has_a_url_in_place_of_its_name(window: Window, head: Generation) -> None:
    image = window.image(head)
    assert {name: value for name, value in image.items() if name not in ("url", "expires_at")} == TOLD
    assert datetime.fromisoformat(image["expires_at"]) == window.clock.now() + timedelta(seconds=LIFETIME)
    url = urlsplit(image["url"])
    assert url.netloc == "unstuck-objects.s3.eu-central-1.amazonaws.com", "the bucket's own region: no redirect"
    assert url.path == "/" + window.store.ground.objects.key_of(head.key, NAME)
    signed = parse_qs(url.query)
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert signed["X-Amz-Expires"] == [str(int(LIFETIME))]


def test_us_east_1_signs_in_the_same_way() -> None:
    assert FOR_OBJECTS.signature_version == "s3v4"  # type: ignore[attr-defined]  # its attributes are made at run time


def test_who_polls_is_told_304_only_while_the_urls_are_good_for_half_their_time(
    window: Window, head: Generation
) -> None:
    first = window.get(head)
    expires_at = datetime.fromisoformat(body_of(first)["output"]["images"][0]["expires_at"])
    tag = first.headers["etag"]
    answers = []
    for _ in range(int(LIFETIME)):
        answer = window.get(head, tag)
        if answer.status == 200:
            assert answer.headers["etag"] != tag
            break
        assert (answer.status, answer.headers["etag"]) == (304, tag)
        assert expires_at - window.clock.now() >= timedelta(seconds=LIFETIME / 2)
        answers.append(answer)
        window.clock.pass_seconds(1)
    else:
        raise AssertionError("it was told 304 until its URLs had ended")
    assert answers, "a poll right after the first one has nothing to carry"


def test_the_tag_of_an_output_without_pictures_holds_for_ever(window: Window) -> None:
    plain = window.succeeded({"images": [{"name": "of the model's own making"}], "text": "x"})
    answer = window.get(plain)
    assert body_of(answer)["output"] == {"images": [{"name": "of the model's own making"}], "text": "x"}
    window.clock.pass_seconds(LIFETIME * 10)
    assert window.get(plain, answer.headers["etag"]).status == 304


def test_the_urls_are_in_no_repr_of_the_service(window: Window, head: Generation) -> None:
    url = window.image(head)["url"]
    assert parse_qs(urlsplit(url).query)["X-Amz-Signature"][0] not in repr(window.service)
