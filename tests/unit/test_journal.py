"""The log lines that operators join: one for each accepted create, one for each end by any writer, and a share of the
answers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.actions.ending import EndingService
from functions.actions.erase import EraseService
from shared.aws.journal import is_sampled, log_accepted, log_ended
from shared.domain.call_facts import CallFacts
from shared.domain.generation import Asked, Called, ErrorInfo, Generation
from shared.domain.pseudonym import pseudonym
from shared.domain.states import Status
from shared.http.acceptance import answer_admitted
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response, respond
from shared.rescue import Rescuer
from shared.store.admission import Admitted
from shared.store.whole import Store
from tests.factories import (
    LONG_TEXT,
    SETTINGS,
    FakeClock,
    RecordingDispatch,
    a_generation,
    an_end,
    an_input,
)
from tests.unit.requests import a_request

CREATE = Request({"routeKey": "POST /v1/generations"})


def lines(printed: str, message: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [line for line in found if line.get("message") == message]


def test_an_accepted_create_leaves_one_line_that_joins_request_and_generation(
    clock: FakeClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNER_KEY", "the key")
    head, given = a_generation(clock, user_id="alice@example.org"), replace(an_input(), request_id="r-77")
    admitted = Admitted(head.generation_id, head, None)
    answer_admitted(CREATE, admitted, given.asked, 2.0, RecordingDispatch(), clock.now())
    printed = capsys.readouterr().out
    (line,) = lines(printed, "accepted")
    assert (
        line.items()
        >= {
            "level": "INFO",
            "generation_id": head.generation_id,
            "request_id": "r-77",
            "owner": pseudonym("alice@example.org", "the key"),
            "kind": "flashcards",
            "model": "local/cards",
        }.items()
    )
    assert [text for text in ("alice", LONG_TEXT[:20]) if text in printed] == []


def test_a_request_that_was_accepted_before_leaves_none(clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    head = a_generation(clock)
    admitted = Admitted(head.generation_id, None, None)
    answer_admitted(CREATE, admitted, an_input().asked, 2.0, RecordingDispatch(), clock.now())
    assert lines(capsys.readouterr().out, "accepted") == []


def test_an_end_says_how_long_it_took_what_it_cost_and_who_answered(capsys: pytest.CaptureFixture[str]) -> None:
    call = CallFacts("asked/m", "other/m", 503, "overloaded", "gen-9", None, 2.0)
    head = an_end(Status.FAILED, after=12.25, cost="0.031", call=call, error=ErrorInfo("provider_unavailable", "Down."))
    log_ended(head, Asked("asked/m", "r-5"))
    (line,) = lines(capsys.readouterr().out, "ended")
    assert (
        line.items()
        >= {
            "status": "failed",
            "code": "provider_unavailable",
            "latency_seconds": 12.25,
            "attempts": 1,
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "cost_usd": 0.031,
            "model": "asked/m",
            "answered_by": "other/m",
            "provider_call_id": "gen-9",
            "request_id": "r-5",
        }.items()
    )
    assert "Down." not in json.dumps(line)


@pytest.mark.parametrize("level", ["WARNING", "error", "CRITICAL"])
def test_a_level_above_info_leaves_both_out(
    level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", level)
    log_accepted(an_end(), Asked())
    log_ended(an_end(), Asked())
    assert capsys.readouterr().out == ""


class TestWhoeverEndsIt:
    """Each leaves one line, of the model and the request that the input names."""

    def running(self, store: Store, clock: FakeClock, **changes: Any) -> Generation:
        head = store.admission.create(a_generation(clock, **changes), replace(an_input(), request_id="r-1"))
        return store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))

    def told(self, capsys: pytest.CaptureFixture[str], head: Generation) -> dict[str, Any]:
        (line,) = lines(capsys.readouterr().out, "ended")
        assert (line["generation_id"], line["request_id"], line["model"]) == (head.generation_id, "r-1", "local/cards")
        assert "answered_by" not in line
        return line

    def test_a_cancel(self, store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
        head = self.running(store, clock)
        clock.pass_seconds(4)
        service = EndingService(store.endings, store.timeline, clock)
        for _ in range(2):
            service.cancel(a_request(head.user_id, generation_id=head.generation_id))
        line = self.told(capsys, head)
        assert (line["status"], line["latency_seconds"], line["attempts"]) == ("canceled", 4, 1)

    def test_an_erasure(self, store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
        head = self.running(store, clock)
        EraseService(store.erasure, store.endings, clock, SETTINGS).erase(a_request(head.user_id))
        assert self.told(capsys, head)["status"] == "canceled"

    @pytest.mark.parametrize(("code", "seconds"), [("deadline_exceeded", 900), ("crash_loop", 60)])
    def test_a_rescue(
        self, store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str], code: str, seconds: float
    ) -> None:
        head = self.running(store, clock, fruitless_attempts=SETTINGS.max_fruitless_attempts - 1)
        clock.pass_seconds(seconds)
        rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, ("flashcards",))
        rescued = rescuer.rescue_if_stale(head)
        assert rescued is not None
        assert rescued.ended is not None
        line = self.told(capsys, head)
        assert (line["status"], line["code"], line["latency_seconds"]) == ("failed", code, seconds)

    def test_an_input_that_cannot_be_read_leaves_the_line_without_it(
        self, store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        head = self.running(store, clock)
        store.erasure.delete_items(head.user_id, [f"I#{head.generation_id}"])
        EndingService(store.endings, store.timeline, clock).cancel(
            a_request(head.user_id, generation_id=head.generation_id)
        )
        (line,) = lines(capsys.readouterr().out, "ended")
        assert not {"model", "request_id"} & line.keys()


def answered(status: int = 200, request_id: str = "r-1", route: str = "GET /v1/usage") -> None:
    def act(_request: Request) -> Response:
        if status == 404:
            raise ProblemError("not_found")
        return Response(status)

    respond({"routeKey": route, "requestContext": {"requestId": request_id}}, {"GET /v1/usage": act})


def test_by_default_no_other_call_leaves_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOG_SAMPLE_RATE", raising=False)
    answered()
    assert capsys.readouterr().out == ""


def test_at_a_rate_of_one_each_call_leaves_a_line_with_how_it_was_answered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_SAMPLE_RATE", "1")
    answered(request_id="r-8")
    answered(404, request_id="r-9", route="HEAD /v1/usage")
    good, bad = lines(capsys.readouterr().out, "answered")
    assert (good["request_id"], good["route"], good["status"], "code" in good) == ("r-8", "GET /v1/usage", 200, False)
    assert (bad["request_id"], bad["route"], bad["status"], bad["code"]) == ("r-9", "HEAD /v1/usage", 404, "not_found")
    assert 0 <= good["seconds"] < 5


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.5, 1.0])
def test_the_share_is_the_one_that_was_asked_for_and_the_same_each_time(
    rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_SAMPLE_RATE", str(rate))
    ids = [f"request-{number}" for number in range(4_000)]
    sampled = [request_id for request_id in ids if is_sampled(request_id)]
    assert sampled == [request_id for request_id in ids if is_sampled(request_id)]
    assert len(sampled) / len(ids) == pytest.approx(rate, abs=0.02)
    if rate in (0.0, 1.0):
        assert len(sampled) == rate * len(ids)
