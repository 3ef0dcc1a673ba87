"""Creating: what is validated, what is stored, and that what was stored is accepted whatever the queue says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest

from functions.create.service import CreateService
from shared import kinds
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Generation, GenerationKey
from shared.domain.limits import Policy
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.response import Response, respond
from shared.kinds.contract import Limits
from shared.store.admission import AdmissionStore
from shared.store.whole import Store
from tests.factories import LONG_TEXT, SETTINGS, START, FakeClock, RecordingDispatch, moto_dynamodb
from tests.unit.requests import a_request, body_of

BODY = {"source_text": LONG_TEXT}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class Desk:
    """The service over a store, and what it stored and sent."""

    def __init__(self, store: Store, clock: FakeClock, settings: Settings = SETTINGS) -> None:
        self.store, self.clock, self.dispatch = store, clock, RecordingDispatch()
        self.service = CreateService(store.admission, self.dispatch, clock, settings, Policy({}))
        self.owner = f"owner {clock.token()}"

    def create(self, **body: Any) -> Response:
        return self.service.create(a_request(self.owner, body))

    def stored(self, answer: Response) -> Generation:
        found = self.store.reads.get(GenerationKey(self.owner, body_of(answer)["generation_id"]))
        assert found is not None
        return found

    def refused(self, **body: Any) -> list[dict[str, str]]:
        with pytest.raises(ProblemError) as problem:
            self.create(**body)
        assert problem.value.code == "validation_failed"
        assert self.dispatch.sent == []
        assert problem.value.errors
        return problem.value.errors


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Desk:
    return Desk(store, clock)


def test_a_generation_is_stored_due_dispatched_and_accepted(desk: Desk) -> None:
    answer = desk.create(**BODY, client_id="tab-1", session_id="s:1")
    head = desk.stored(answer)
    assert (head.status, head.kind, head.version, head.fence) == (Status.PENDING, "flashcards", 1, 1)
    assert (head.client_id, head.session_id) == ("tab-1", "s:1")
    assert (head.created_at, head.deadline_at) == (START, START + timedelta(seconds=900))
    assert head.due_at == START + timedelta(seconds=60)
    assert desk.dispatch.sent == [head]


def test_the_answer_is_202_and_says_where_to_look_and_when(desk: Desk) -> None:
    answer = desk.create(**BODY)
    head = desk.stored(answer)
    path = f"/v1/generations/{head.generation_id}"
    assert answer.status == 202
    assert (
        urljoin("https://example.com/prod/v1/generations", answer.headers["location"])
        == f"https://example.com/prod{path}"
    )
    assert 2 <= int(answer.headers["retry-after"]) <= 60
    assert answer.body == {
        "generation_id": head.generation_id,
        "status": "pending",
        "version": 1,
        "urls": {"self": path},
    }


def test_the_input_is_stored_as_the_kind_takes_it_with_how_it_is_to_be_made(desk: Desk) -> None:
    head = desk.stored(desk.create(source_text=f"  {LONG_TEXT}\n", model="local/other"))
    given = desk.store.reads.get_input(head.key)
    assert given is not None
    assert given.content == {"source_text": LONG_TEXT.strip()}
    assert (given.model, given.prompt_version, given.request_id) == ("local/other", "1", "r-1")


def test_options_are_stored_where_they_were_chosen_and_defaults_that_the_kind_sets(desk: Desk) -> None:
    chosen = {"kind": "story", "premise": "A keeper finds a map.", "language": "de"}
    head = desk.stored(desk.create(**chosen))
    given = desk.store.reads.get_input(head.key)
    assert given is not None
    assert given.content == {"premise": "A keeper finds a map.", "language": "de", "chapters": 4}


def test_a_model_and_a_prompt_version_that_nobody_chose_are_the_defaults(desk: Desk) -> None:
    head = desk.stored(desk.create(**BODY))
    given = desk.store.reads.get_input(head.key)
    assert given is not None
    assert (given.model, given.prompt_version) == (
        SETTINGS.default_model,
        kinds.load("flashcards").prompt_versions[-1],
    )


def test_a_kind_that_draws_has_a_default_model_of_its_own(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock, replace(SETTINGS, allowed_models=()))
    for model in (None, SETTINGS.image_model):
        head = desk.stored(desk.create(kind="image", prompt="a lighthouse", model=model))
        given = desk.store.reads.get_input(head.key)
        assert given is not None
        assert given.model == SETTINGS.image_model
        desk.dispatch.sent.clear()


def test_a_generation_that_the_queue_did_not_take_is_accepted_all_the_same(desk: Desk) -> None:
    desk.dispatch.fails = True
    answer = desk.create(**BODY)
    assert answer.status == 202
    assert desk.stored(answer).due_at == START + timedelta(seconds=60), "a rescuer must find it"


def test_what_could_not_be_stored_is_neither_accepted_nor_dispatched(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise StoreUnavailableError("ThrottlingException")

    monkeypatch.setattr(AdmissionStore, "admit", unavailable)
    with pytest.raises(StoreUnavailableError):
        desk.create(**BODY)
    assert desk.dispatch.sent == []


def test_a_kinds_own_deadline_wins_over_the_deployments(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = replace(kinds.load("flashcards"), limits=Limits(deadline_seconds=30))
    monkeypatch.setattr("functions.create.service.load", lambda _name: kind)
    assert desk.stored(desk.create(**BODY)).deadline_at == START + timedelta(seconds=30)


def test_two_calls_make_two_generations(desk: Desk) -> None:
    first, second = desk.stored(desk.create(**BODY)), desk.stored(desk.create(**BODY))
    assert first.generation_id != second.generation_id
    assert first.create_op != second.create_op


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "source_text", "missing"),
        ({"source_text": "short"}, "source_text", "string_too_short"),
        ({"source_text": "x" * 10_001}, "source_text", "string_too_long"),
        ({"source_text": 7}, "source_text", "string_type"),
        (BODY | {"surprise": 1}, "surprise", "extra_forbidden"),
        (BODY | {"user_id": "mallory"}, "user_id", "extra_forbidden"),
        (BODY | {"max_completion_tokens": 1_000_000}, "max_completion_tokens", "extra_forbidden"),
        (BODY | {"fallback_models": ["big/model"]}, "fallback_models", "extra_forbidden"),
        (BODY | {"kind": "opera"}, "kind", "unknown"),
        (BODY | {"kind": 7}, "kind", "string_type"),
        (BODY | {"model": "somebody/else"}, "model", "not_allowed"),
        (BODY | {"model": "local/x y"}, "model", "string_pattern_mismatch"),
        (BODY | {"model": "x" * 101}, "model", "string_pattern_mismatch"),
        (BODY | {"prompt_version": "99"}, "prompt_version", "unknown"),
        (BODY | {"client_id": "x" * 65}, "client_id", "string_pattern_mismatch"),
        (BODY | {"client_id": ""}, "client_id", "string_pattern_mismatch"),
        (BODY | {"session_id": "a b"}, "session_id", "string_pattern_mismatch"),
        (BODY | {"session_id": "line\n"}, "session_id", "string_pattern_mismatch"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_field_that_is_at_fault(
    desk: Desk, body: dict[str, Any], field: str, code: str
) -> None:
    errors = desk.refused(**body)
    assert [(error["field"], error["code"]) for error in errors] == [(field, code)]
    assert all(error["message"] for error in errors)


def test_every_field_at_fault_is_named_at_once(desk: Desk) -> None:
    errors = desk.refused(source_text="short", model="bad model", session_id="")
    assert {error["field"] for error in errors} == {"source_text", "model", "session_id"}


def test_a_refusal_does_not_echo_what_was_sent(desk: Desk) -> None:
    errors = desk.refused(source_text="my private words", model="priv@te model", client_id="priv@te client")
    assert "priv" not in json.dumps(errors)


def test_where_no_models_are_listed_only_the_default_one_is_allowed(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock, replace(SETTINGS, allowed_models=()))
    assert desk.create(**BODY, model=SETTINGS.default_model).status == 202
    desk.dispatch.sent.clear()
    assert desk.refused(**BODY, model="local/other")[0]["code"] == "not_allowed"


def ids_of_one_key(desk: Desk) -> tuple[str, str]:
    """Send one key with two bodies that differ only in form, and return both generations' ids."""
    bare = {"source_text": LONG_TEXT}
    full = {"kind": "flashcards", "source_text": f" {LONG_TEXT}\n", "client_id": None}
    first, second = (
        body_of(desk.service.create(a_request(desk.owner, body, idempotency_key="key"))) for body in (bare, full)
    )
    return first["generation_id"], second["generation_id"]


def test_two_bodies_that_ask_for_the_same_are_one_request(desk: Desk) -> None:
    first, second = ids_of_one_key(desk)
    assert first == second
    assert len(desk.dispatch.sent) == 1


def test_a_new_default_model_makes_no_other_request(store: Store, clock: FakeClock) -> None:
    before = Desk(store, clock)
    first, _ = ids_of_one_key(before)
    after = Desk(store, clock, replace(SETTINGS, default_model="local/other"))
    after.owner = before.owner
    assert ids_of_one_key(after) == (first, first)


def switched(store: Store, clock: FakeClock, **settings: Any) -> Desk:
    return Desk(store, clock, replace(SETTINGS, **settings))


def test_a_kind_that_is_switched_off_is_refused_and_the_others_are_taken(store: Store, clock: FakeClock) -> None:
    desk = switched(store, clock, enabled_kinds=("story", "assistant"))
    with pytest.raises(ProblemError) as problem:
        desk.create(**BODY)
    assert problem.value.code == "kind_disabled"
    assert desk.dispatch.sent == []
    assert desk.create(kind="assistant", sentence="Plan my week, please.").status == 202


def test_no_kind_that_is_named_means_all_of_them() -> None:
    assert all(SETTINGS.takes(kind) for kind in kinds.names())


def test_while_creates_are_paused_nothing_is_stored_and_the_caller_hears_when_to_come_back(
    store: Store, clock: FakeClock
) -> None:
    desk = switched(store, clock, accept_creates=False)
    with pytest.raises(ProblemError) as problem:
        desk.create(**BODY)
    assert (problem.value.code, problem.value.headers) == ("creates_paused", {"retry-after": "60"})
    assert list(store.reads.newest(desk.owner, None, 10)) == []
    answered = respond({**a_request(desk.owner, BODY).event, "routeKey": "create"}, {"create": desk.service.create})
    assert (answered["statusCode"], answered["headers"]["retry-after"]) == (503, "60")
