"""Every type that a kind may hold, from a create's body through steps and a second attempt to the owner's output."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, Field, SecretStr

from functions.create import service
from functions.create.service import CreateService
from functions.process.ending import Ending
from shared.domain.errors import TransientProviderError
from shared.domain.generation import Generation, GenerationKey, Usage
from shared.domain.limits import Policy
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.kinds.contract import Catalog, Context, Kind, Prompt
from shared.kinds.forms import Asked
from shared.kinds.values import MOST_LEVELS, alike
from shared.rescue import Rescuer
from tests.factories import SETTINGS, a_generation, an_input
from tests.integration.worker_rig import Rig, answering, raising
from tests.kinds_of_types import MATRIX, kind_of
from tests.unit.requests import a_request, body_of
from tests.unit.services import generation_service

PROMPT = Prompt("Say it again.", {"value": "x"}, "value")
BUSY = TransientProviderError("provider_unavailable", "Busy.", usage=Usage())


def creating(rig: Rig, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> CreateService:
    """Return the service of a deployment that has this kind alone, and have the rig's worker know it."""
    rig.kinds = Catalog(lambda: (kind.name,), lambda _name: kind)
    monkeypatch.setattr(service, "names", rig.kinds.names)
    monkeypatch.setattr(service, "load", rig.kinds.load)
    return CreateService(rig.store.admission, rig.dispatch, rig.clock, SETTINGS, Policy({}))


def sending(owner: str, text: str, **headers: str) -> Request:
    event = a_request(owner, {}).event
    return Request(
        {**event, "body": text, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}
    )


@pytest.mark.parametrize("name", MATRIX)
def test_a_value_comes_back_as_it_was_sent_and_of_its_type_in_each_attempt(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sent, given = MATRIX[name][1], list[Any]()
    kind = kind_of(name, None)
    output: Any = kind.output

    def run(ctx: Context, content: Any) -> Any:
        first = ctx.step("first", output, lambda: output.model_construct(value=content.value), progress=10)
        given.extend([content.value, first.value])
        return ctx.step("last", output, lambda: ctx.call(PROMPT, output), progress=50)

    creates, owner = creating(rig, replace(kind, run=run), monkeypatch), f"owner {name}"
    text = json.dumps({"kind": name, "value": sent})
    answer = creates.create(sending(owner, text, idempotency_key="k"))
    head = rig.store.reads.get(GenerationKey(owner, body_of(answer)["generation_id"]))
    assert head is not None

    rig.script(raising(BUSY), answering({"value": sent}))
    rig.handle(head)
    rig.clock.pass_seconds(60)
    assert rig.handle(rig.read(head)).ending is Ending.SUCCEEDED
    assert len(given) == 4
    assert all(alike(value, given[0]) and type(value) is type(given[0]) for value in given)
    assert shown(rig, head) == {"value": sent}
    assert body_of(creates.create(sending(owner, text, idempotency_key="k"))) == body_of(answer)


def shown(rig: Rig, head: Generation) -> Any:
    """Return the output that its owner reads, as it goes out."""
    rescuer = Rescuer(rig.store.rescuer, rig.dispatch, rig.clock, SETTINGS, (head.kind,))
    answer = generation_service(rig.store, rescuer).get(a_request(head.user_id, generation_id=head.generation_id))
    return json.loads(json.dumps(answer.body, allow_nan=False))["output"]


WRONG: dict[str, tuple[Any, ...]] = {
    "date": ("31.01.2026", 1769817600, "2026-13-01", "", None),
    "datetime": ("2026-01-31T25:00:00", True),
    "aware_datetime": ("2026-01-31T23:59:59",),
    "timedelta": ("an hour", 90),
    "uuid": ("6ba7b810", 7),
    "enum": ("blue", 8, None),
    "decimal": ("1,5", "NaN", "Infinity", True, []),
    "bounded_decimal": ("1.999", "-1.00", "123456.78"),
    "integer": ("1", 1.5, True),
    "set": ("abc", [1], {"a": 1}),
    "set_of_dates": (["2026-01-31", "tomorrow"],),
    "tuple": ([1, "2026-01-31"], [1, "2026-01-31", "easy", 1], [1, 2, "easy"]),
    "dict_by_date": ({"tomorrow": 1},),
    "model": ({}, {"seen_on": "tomorrow"}, {"seen_on": "2026-01-31", "more": 1}, [1]),
    "list_of_models": ([{"seen_on": "2026-01-31"}, {"seen_on": 5}],),
    "told_apart": ({"sort": "day", "word": "x"}, {"sort": "month"}),
    "aliases": ({"from_": "de", "class": "hard"}, {"from": "de", "class": "soft"}),
    "bytes_in_base64": ("not base64!",),
    "json_in_a_text": ("[1,", [1]),
    "bounded_list": ([], ["2026-01-31"] * 3),
    "url": ("no address",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_what_is_not_of_the_type_is_refused_with_its_field(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    creates = creating(rig, kind_of(name, None), monkeypatch)
    with pytest.raises(ProblemError) as refused:
        creates.create(sending("alice", json.dumps({"kind": name, "value": value})))
    assert refused.value.code == "validation_failed"
    assert {error["field"].partition(".")[0] for error in refused.value.errors or ()} == {"value"}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("number", "1e400", "finite_number"),
        ("number", "1" + "0" * 309, "finite_number"),
        ("integer", "1" + "0" * 400, "finite_number"),
        ("anything", '{"deep": [1, -1e999]}', "finite_number"),
        ("anything", "[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1), "too_deep"),
        ("anything", '{"a":' * 900 + "1" + "}" * 900, "too_deep"),
        ("text", '"\\u200b"', "blank"),
    ],
)
def test_what_no_type_can_hold_is_refused_with_its_field(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, name: str, text: str, code: str
) -> None:
    creates = creating(rig, kind_of(name, None), monkeypatch)
    with pytest.raises(ProblemError) as refused:
        creates.create(sending("alice", f'{{"kind": "{name}", "value": {text}}}'))
    assert [error["code"] for error in refused.value.errors or ()] == [code]
    assert (refused.value.errors or [{}])[0]["field"].startswith("value")


@pytest.mark.parametrize("text", ['"\\ud800"', "[" * 200_000, '{"a": 01}', "9" * 5_000])
def test_what_is_no_sound_json_is_refused_before_any_type(rig: Rig, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    creates = creating(rig, kind_of("anything", None), monkeypatch)
    with pytest.raises(ProblemError) as refused:
        creates.create(sending("alice", f'{{"kind": "anything", "value": {text}}}'))
    assert refused.value.code in ("invalid_json", "invalid_encoding")


def test_the_last_of_two_keys_counts_and_a_float_without_a_fraction_is_an_integer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    creates = creating(rig, kind_of("integer", None), monkeypatch)
    answer = creates.create(sending("alice", '{"kind": "integer", "value": "no", "value": 2.0}'))
    stored = rig.store.reads.get_input(GenerationKey("alice", body_of(answer)["generation_id"]))
    assert stored is not None
    assert stored.content == {"value": 2}
    assert isinstance(stored.content["value"], int)


def test_a_set_is_the_same_json_in_every_process() -> None:
    program = (
        "from tests.kinds_of_types import kind_of; from shared.kinds.values import from_json, to_json; "
        "print(to_json(from_json(kind_of('set', None).input, {'value': list('qwertyuiop')})))"
    )
    seen = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1


class Anything(BaseModel):
    """Holds whatever a kind's code puts into it."""

    value: Any


class Hidden(BaseModel):
    """Holds what is stored as asterisks."""

    value: SecretStr


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("form", "value", "paid"),
    [
        (Anything, date(2026, 1, 31), 1),
        (Anything, {1: "an integer as a key"}, 1),
        (Anything, {"a", "b"}, 1),
        (Anything, "\ud800", 1),
        (Anything, nested(300), 1),
        (Anything, 10**400, 1),
        (Hidden, "a secret", 0),
    ],
    ids=["date", "keys", "set", "surrogate", "deep", "large", "secret"],
)
def test_what_would_come_back_as_something_else_is_not_stored_and_the_kind_is_broken(
    rig: Rig, form: type[BaseModel], value: Any, paid: int
) -> None:
    kind = kind_of("text", None)

    def run(ctx: Context, _content: Any) -> Any:
        return ctx.step("odd", form, lambda: ctx.call(PROMPT, kind.output) and form(value=value), progress=50)

    rig.kinds = Catalog(lambda: ("text",), lambda _name: replace(kind, run=run))
    handled, after = rig.run(sent(rig, "text"), *[answering({"value": "x"})] * paid)
    assert (handled.ending, after.error and after.error.code) == (Ending.FAILED, "kind_broken")
    assert (rig.steps(after), after.usage.calls, after.attempt) == ([], paid, 1)


def sent(rig: Rig, kind: str) -> Generation:
    """Have a generation of this kind wait for its worker."""
    given = replace(an_input(), content={"value": MATRIX[kind][1]})
    return rig.store.admission.create(a_generation(rig.clock, kind=kind), given)


def test_a_value_that_the_kind_makes_up_makes_no_other_request_of_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Input(Asked):
        topic: str
        seed: UUID = Field(default_factory=uuid4)

    creates = creating(rig, replace(kind_of("text", None), input=Input), monkeypatch)
    text = json.dumps({"kind": "text", "topic": "the sea"})
    first, again = (body_of(creates.create(sending("alice", text, idempotency_key="made-up"))) for _ in range(2))
    assert first == again
    stored = rig.store.reads.get_input(GenerationKey("alice", first["generation_id"]))
    assert stored is not None
    assert UUID(stored.content["seed"])
