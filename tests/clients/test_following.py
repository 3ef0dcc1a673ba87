"""Polling follows the service's hints, shows no older state, outlasts errors, and ends where it must."""

import pytest

from tests.clients.scripted import ID, LOST, Service, accepted, answer, generation, problem
from unstuck import following, operations
from unstuck.errors import (
    BadAnswerError,
    GenerationCanceledError,
    GenerationFailedError,
    NotFoundError,
    UnreachableError,
    WaitTimeoutError,
)
from unstuck.exchange import Conditions
from unstuck.flow import Answer, Flow, Sleep
from unstuck.following import Changes, Pages, Polling, Seen, Watch
from unstuck.models import GenerationDetail
from unstuck.requests import CreateFlashcards

DONE = answer(200, generation("succeeded", 9, progress=100))
TEXT = CreateFlashcards(source_text="x" * 1000)


def watched(service: Service, changes: Changes | None = None, timeout: float | None = None) -> list[GenerationDetail]:
    watch = following.watch(ID, changes or Polling(), service.conditions(), timeout)
    found = []
    while (each := service.run(watch.take())) is not None:
        found.append(each)
    return found


def waited(service: Service, timeout: float | None = None, *, check: bool = True) -> GenerationDetail:
    watch = following.watch(ID, Polling(), service.conditions(), timeout)
    return service.run(following.wait(watch, check))


def open_(version: int = 2, hint: float | None = 3.5, etag: str = '"a"', **more: object) -> Answer:
    body = generation(version=version) | more | ({} if hint is None else {"poll_after_seconds": hint})
    return answer(200, body, etag=etag, retry_after="4")


def test_the_finer_hint_is_followed() -> None:
    service = Service([open_(hint=3.5), open_(3, hint=0.7), DONE])
    assert [found.version for found in watched(service)] == [2, 3, 9]
    assert service.slept == [3.5, 0.7]


def test_without_it_the_header_is() -> None:
    service = Service([open_(hint=None), DONE])
    watched(service)
    assert service.slept == [4.0]


def test_without_any_hint_it_is_neither_a_storm_nor_a_standstill() -> None:
    service = Service([answer(200, generation()), answer(200, generation(poll_after_seconds=0)), DONE])
    watched(service)
    assert service.slept == [2.0, 2.0]
    service = Service([open_(hint=0.000001), open_(hint=1e9), DONE])
    watched(service)
    assert service.slept == [0.1, 60.0]


def test_what_was_seen_is_named_by_its_etag_and_a_304_is_no_change() -> None:
    quiet = answer(304, retry_after="2", etag='"a"')
    service = Service([open_(), quiet, quiet, open_(3, etag='"b"'), DONE])
    assert [found.version for found in watched(service)] == [2, 3, 9]
    assert [headers.get("if-none-match") for headers in service.headers] == [None, '"a"', '"a"', '"a"', '"b"']
    assert service.slept == [3.5, 2.0, 2.0, 3.5]


def test_a_304_whose_hint_was_lost_is_not_waited_after_as_long_as_the_one_before() -> None:
    service = Service([open_(hint=40), answer(304, etag='"a"'), DONE])
    watched(service)
    assert service.slept == [40.0, 2.0]


def test_a_heartbeat_is_a_change_of_the_same_version() -> None:
    service = Service([open_(2, etag='"a"'), open_(2, etag='"b"'), DONE])
    assert [found.version for found in watched(service)] == [2, 2, 9]


def test_an_older_state_is_never_shown() -> None:
    service = Service([open_(5, progress=60), open_(4, progress=40), open_(6, progress=80), DONE])
    assert [found.version for found in watched(service)] == [5, 6, 9]


def test_an_older_end_does_not_end_it() -> None:
    service = Service([open_(5), answer(200, generation("failed", 4)), DONE])
    assert [found.status for found in watched(service)] == ["running", "succeeded"]


@pytest.mark.parametrize("status", ["succeeded", "failed", "canceled"])
def test_after_the_end_nothing_is_asked_any_more(status: str) -> None:
    service = Service([answer(200, generation(status, 9))])
    watch = Watch(ID, Polling(), service.conditions())
    assert service.run(watch.take()) is not None
    for _ in range(3):
        assert service.run(watch.take()) is None
    assert len(service.asked) == 1
    assert service.slept == []


def test_errors_that_pass_are_waited_out_with_growing_pauses() -> None:
    service = Service([open_(), *[LOST] * 6, problem(500, "internal_error"), DONE])
    assert [found.status for found in watched(service)] == ["running", "succeeded"]
    assert service.slept[0] == 3.5
    assert service.slept[1:] == sorted(service.slept[1:])
    assert service.slept[-1] == 7.5  # half of the cap


def test_errors_that_do_not_pass_are_raised_after_two_minutes() -> None:
    service = Service([open_(), *[LOST] * 100])
    with pytest.raises(UnreachableError) as caught:
        watched(service)
    assert 100 < sum(service.slept[1:]) <= 120
    assert caught.value.generation_id == ID


def test_errors_are_counted_from_the_last_answer() -> None:
    trouble = [LOST] * 10
    service = Service([open_(2), *trouble, open_(3), *trouble, open_(4), *trouble, DONE])
    assert [found.version for found in watched(service)] == [2, 3, 4, 9]
    assert sum(service.slept) > 120


def test_one_that_is_gone_is_not_polled_for_ever() -> None:
    service = Service([open_(), problem(404, "not_found")])
    with pytest.raises(NotFoundError):
        watched(service)


def test_who_shows_progress_may_look_more_often_and_never_less() -> None:
    service = Service([open_(hint=3.5), open_(3, hint=0.4), DONE])
    watched(service, Polling(at_most_seconds=1.0))
    assert service.slept == [1.0, 0.4]


def test_a_failure_is_raised_with_its_code() -> None:
    for code, retryable in (("provider_timeout", True), ("output_refused", False), ("crash_loop", False)):
        failed = answer(200, generation("failed", 9, error={"code": code, "message": "why"}))
        with pytest.raises(GenerationFailedError, match="why") as caught:
            waited(Service([open_(), failed]))
        assert (caught.value.code, caught.value.retryable) == (code, retryable)
        assert (caught.value.generation.version, caught.value.generation_id) == (9, ID)


def test_a_cancellation_is_raised() -> None:
    with pytest.raises(GenerationCanceledError):
        waited(Service([answer(200, generation("canceled", 3))]))


def test_how_it_ended_can_be_had_without_an_error() -> None:
    assert waited(Service([answer(200, generation("failed", 9))]), check=False).status == "failed"


def test_a_wait_ends_at_its_timeout_and_not_later() -> None:
    service = Service([open_(hint=4.0)] * 10)
    began = service.time
    with pytest.raises(WaitTimeoutError) as caught:
        waited(service, 10.0)
    assert service.time - began == 10.0
    assert (caught.value.generation_id, caught.value.retryable) == (ID, True)


def test_a_call_has_no_more_time_than_the_wait_has_left() -> None:
    service = Service([open_(hint=4.0), DONE])
    waited(service, 10.0)
    assert [request.within_seconds for request in service.asked] == [10.0, 6.0]


def test_a_timeout_comes_though_nothing_answers() -> None:
    service = Service([LOST] * 100)
    began = service.time
    with pytest.raises(WaitTimeoutError):
        waited(service, 10.0)
    assert service.time - began == 10.0


def test_create_and_wait_looks_first_when_the_service_says() -> None:
    service = Service([accepted(retry_after="3"), DONE])
    found = service.run(following.create_and_wait(TEXT, Polling(), service.conditions(), None, None, check=True))
    assert found.status == "succeeded"
    assert service.slept == [3.0]


def test_create_and_waits_timeout_holds_before_the_first_look_too() -> None:
    service = Service([accepted(retry_after="30")])
    with pytest.raises(WaitTimeoutError) as caught:
        service.run(following.create_and_wait(TEXT, Polling(), service.conditions(), None, 5.0, check=True))
    assert service.slept == [5.0]
    assert caught.value.generation_id == ID


class Pushed:
    """A channel that reports changes itself, as one could replace polling."""

    def __init__(self, *found: dict[str, object]) -> None:
        self.found = list(found)

    def after(self, generation_id: str, seen: Seen | None, conditions: Conditions) -> Flow[Seen]:
        yield Sleep(0.5)  # for the channel's own waiting
        return Seen(GenerationDetail.model_validate(self.found.pop(0)))


def test_another_way_of_learning_of_changes_takes_pollings_place() -> None:
    service = Service()
    told = watched(service, Pushed(generation(version=2), generation("succeeded", 3)))
    assert [found.status for found in told] == ["running", "succeeded"]
    assert service.asked == []


def page(cursor: str | None, *versions: int) -> Answer:
    return answer(200, {"generations": [generation(version=each) for each in versions], "next_cursor": cursor})


def listed(service: Service) -> list[int]:
    pages = following.feed(service.conditions(), "s-1", None, None, None, 3)
    found = []
    while (each := service.run(pages.take())) is not None:
        found.append(each.version)
    assert service.run(pages.take()) is None
    return found


def test_an_empty_page_is_not_the_end() -> None:
    service = Service([page("a"), page("b", 1, 2), page("c"), page(None, 3)])
    assert listed(service) == [1, 2, 3]
    assert [dict(request.query) for request in service.asked] == [
        {"session_id": "s-1", "limit": "3"},
        {"session_id": "s-1", "limit": "3", "cursor": "a"},
        {"session_id": "s-1", "limit": "3", "cursor": "b"},
        {"session_id": "s-1", "limit": "3", "cursor": "c"},
    ]


def test_a_page_is_read_when_it_is_needed() -> None:
    service = Service([page("a", 1, 2), page(None, 3)])
    pages = following.feed(service.conditions(), None, None, None, None, 2)
    assert [service.run(pages.take()), service.run(pages.take())] != [None, None]
    assert len(service.asked) == 1


def test_a_page_that_leads_to_itself_is_no_endless_loop() -> None:
    service = Service([page("a", 1), page("a", 2)])
    with pytest.raises(BadAnswerError):
        listed(service)


def test_the_cards_are_gone_through_alike() -> None:
    card = {"card_id": ID, "kind": "flashcards", "generation_id": ID, "number": 1, "front": "f", "back": "b"}
    card["created_at"] = "2026-01-31T08:00:00.000Z"
    service = Service(
        [answer(200, {"cards": [card], "next_cursor": "x"}), answer(200, {"cards": [], "next_cursor": None})]
    )
    pages: Pages[object] = following.cards(service.conditions(), None, 50)  # type: ignore[assignment]
    assert service.run(pages.take()) is not None
    assert service.run(pages.take()) is None
    assert service.asked[1].path == "/v1/cards"


def test_queries_leave_out_what_is_not_given() -> None:
    service = Service([DONE])
    service.run(operations.get(service.conditions(), ID, 0, None))
    assert dict(service.asked[0].query) == {"expected_progress": "0"}
