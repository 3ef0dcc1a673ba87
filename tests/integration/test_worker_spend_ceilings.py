"""Spending limits in the middle of a generation: ten open ones do not exceed a limit by what each of them may cost."""

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import BaseModel

from functions.process.ending import Ending
from shared import kinds
from shared.domain.generation import Generation, Usage
from shared.domain.limits import policy_of
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.kinds.contract import Catalog, Context, Kind, Limits, Prompt
from shared.store import items
from shared.store.admission import Admission
from shared.store.spending import SpendingReader
from tests.factories import SETTINGS, FakeClock, a_generation, an_input
from tests.integration.worker_rig import Rig, answering
from tests.read_units import counted

RESERVE, STEPS = Decimal("0.0625"), 8
BILL = Usage(1, 100, 50, Decimal("0.125"))
OPEN = replace(SETTINGS, rate_limits=(), max_running=10, max_daily_spend_usd=0.0)
CEILING = 2.0
CEILINGS = {
    "daily": replace(OPEN, max_daily_spend_usd=CEILING),
    "monthly": replace(OPEN, max_monthly_spend_usd=CEILING),
    "deployment": replace(OPEN, max_deployment_daily_spend_usd=CEILING),
}


class Page(BaseModel):
    text: str


def _run(ctx: Context, _content: Any) -> Page:
    page = Page(text="")
    for number in range(STEPS):
        prompt = Prompt("Write.", {"title": "x"}, "page")
        page = ctx.step(f"page-{number}", Page, partial(ctx.call, prompt, Page), progress=10 * number)
    return page


@pytest.fixture
def owner(clock: FakeClock) -> str:
    return f"owner-{clock.token()}"


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """One whose kind makes eight calls, each at the price of two reserves."""
    whole = kinds.load("flashcards")
    limits = Limits(max_cost_usd=5.0, call_reserve_usd=float(RESERVE))
    kind = Kind("flashcards", whole.input, Page, limits, ("1",), _run)
    rig.kinds = Catalog(kinds.names, lambda _name: kind)
    return rig


def let_in(rig: Rig, settings: Settings, owner: str) -> Generation:
    rig.settings = settings
    made = a_generation(rig.clock, user_id=owner)
    admitted = rig.store.admission.admit(made, an_input(), Admission(policy_of(settings)))
    assert admitted.head is not None
    return admitted.head


def work_on(rig: Rig, head: Generation) -> tuple[Ending, Generation]:
    """Have a worker make it with a model that would answer all of its calls."""
    rig.model.turns.clear()
    rig.script(*[answering({"text": "Once."}, usage=BILL)] * STEPS)
    handled = rig.handle(head)
    return handled.ending, rig.read(head)


@pytest.mark.parametrize("ceiling", ["daily", "monthly"])
def test_ten_that_are_open_at_once_do_not_pass_their_owners_ceiling(rig: Rig, ceiling: str, owner: str) -> None:
    heads = [let_in(rig, CEILINGS[ceiling], owner) for _ in range(10)]
    ends = [work_on(rig, head) for head in heads]
    spent = sum(after.usage.cost_usd for _, after in ends)
    assert Decimal(str(CEILING)) - BILL.cost_usd < spent <= Decimal(str(CEILING)) + BILL.cost_usd
    refused = [after for ending, after in ends if ending is Ending.FAILED]
    assert {after.error.code for after in refused if after.error} == {"spend_ceiling"}
    assert len(refused) >= 7
    assert [after.status for _, after in ends[:1]] == [Status.SUCCEEDED], "it costs half of what there is"


def test_what_others_have_spent_of_the_deployments_day_stops_a_generation_under_way(rig: Rig, owner: str) -> None:
    settings = CEILINGS["deployment"]
    late = let_in(rig, settings, owner)
    for number in range(2):
        other = let_in(rig, settings, f"{owner}-{number}")
        assert work_on(rig, other)[0] is Ending.SUCCEEDED
    rig.clock.pass_seconds(6)
    ending, after = work_on(rig, late)
    assert (ending, after.error and after.error.code) == (Ending.FAILED, "spend_ceiling")
    assert after.usage.cost_usd <= 2 * BILL.cost_usd, "asked before it has had a tenth of what there was"


@pytest.mark.parametrize("ceiling", CEILINGS)
def test_far_from_a_ceiling_nothing_is_read_for_it(rig: Rig, ceiling: str, owner: str) -> None:
    fields = ("max_daily_spend_usd", "max_monthly_spend_usd", "max_deployment_daily_spend_usd")
    far = {name: 100.0 if getattr(CEILINGS[ceiling], name) else 0.0 for name in fields}
    head = let_in(rig, replace(OPEN, **far), owner)  # type: ignore[arg-type]
    assert 9_000 < head.left_cents <= 10_000
    with patch.object(SpendingReader, "left_usd", side_effect=AssertionError("it was asked")):
        assert work_on(rig, head)[0] is Ending.SUCCEEDED


def test_without_a_ceiling_and_for_who_pays_nothing_is_read(rig: Rig, owner: str) -> None:
    head = let_in(rig, OPEN, owner)
    assert head.left_cents == 0
    assert "left_cents" not in items.encode_head(head)
    with patch.object(SpendingReader, "left_usd", side_effect=AssertionError("it was asked")):
        assert work_on(rig, head)[0] is Ending.SUCCEEDED


def test_a_retry_once_there_is_room_again_pays_for_nothing_twice(rig: Rig, owner: str) -> None:
    head = let_in(rig, CEILINGS["daily"], owner)
    let_in(rig, CEILINGS["daily"], owner)
    rig.store.worker.begin_call(rig.claimed(let_in(rig, CEILINGS["daily"], owner)), "x", Decimal("1.5"))
    ending, after = work_on(rig, head)
    assert (ending, after.error and after.error.code) == (Ending.FAILED, "spend_ceiling")
    assert len(rig.steps(after)) == after.usage.calls > 0, "what is finished is kept"


@pytest.mark.parametrize(("ceiling", "most"), [("daily", 4), ("monthly", 5), ("deployment", 10)])
def test_asking_near_a_ceiling_costs_a_few_read_units_and_no_write(
    rig: Rig, ceiling: str, most: int, owner: str
) -> None:
    """One write unit costs five read units. Ten queries of the deployment's day are made once in seconds."""
    settings = CEILINGS[ceiling]
    if settings.max_deployment_daily_spend_usd:
        settings = replace(settings, max_deployment_daily_spend_usd=1000.0)  # all owners of these tests spend of it
    heads = [let_in(rig, settings, owner) for _ in range(10)]
    reader = SpendingReader(rig.store.ground._replace(settings=rig.settings))
    head = rig.claimed(heads[0])
    with counted(rig.store) as units:
        assert reader.left_usd(head, Decimal(0)) is not None
    assert 1 <= sum(units) <= most, units
