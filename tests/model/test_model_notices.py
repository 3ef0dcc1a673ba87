"""The model would notice: each row of the table is spoiled in turn, and a trace shows the damage.

It also lists guards that can be removed without harm, each with the reason. Such a guard is a second lock on the same
door, and the last test proves it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from shared.domain.row import Row
from shared.domain.rows import ROWS
from shared.domain.states import OPEN, TERMINAL, Guard, Status
from tests.model.explore import Walk
from tests.model.rows import OF_A_HOLDER
from tests.model.state import Size

Rows = Sequence[Row[Any]]
SIZE = Size(steps=1, max_calls=2, workers=2, rescuers=2)
TWO_STEPS = Size(steps=2, max_calls=2, workers=2, rescuers=1, held_up=())
WHOLE = Size(steps=1, max_calls=1, workers=2, rescuers=1)
_MINE = (Guard.FENCE, Guard.HOLDER)


@dataclass(frozen=True, slots=True)
class StaysInTheIndex(Row[Any]):
    """A row that ends a generation and forgets to take it out of the index."""

    def leaves_index(self) -> bool:
        return False


def changed(name: str, change: Callable[[Row[Any]], Row[Any]]) -> Rows:
    assert name in {row.name for row in ROWS}
    return [change(row) if row.name == name else row for row in ROWS]


def without(name: str, *guards: Guard) -> Rows:
    assert all(set(guards) <= set(row.guards) for row in ROWS if row.name == name)
    return changed(name, lambda row: replace(row, guards=tuple(one for one in row.guards if one not in guards)))


def but(name: str, **changes: Any) -> Rows:
    return changed(name, lambda row: replace(row, **changes))


def in_the_index(name: str) -> Rows:
    return changed(name, lambda row: StaysInTheIndex(*(getattr(row, field.name) for field in fields(row))))


def never(name: str) -> Rows:
    return but(name, sources=frozenset())


SPOILED: dict[str, tuple[Rows, str]] = {
    "claim by an old message": (without("claim", Guard.FENCE), "beside neighbours"),
    "claim by older code": (without("claim", Guard.READABLE), "cannot read it"),
    "claim too early": (without("claim", Guard.NOT_BEFORE_PASSED), "earlier than"),
    "claim after the deadline": (without("claim", Guard.BEFORE_DEADLINE), "after the deadline"),
    "claim what runs": (but("claim", sources=OPEN, guards=(Guard.READABLE,)), "another holds it"),
    "claim under the same fence": (but("claim", raises_fence=False), "the fence did not"),
    **{f"{name} by anybody": (without(name, *_MINE), "does not hold it") for name in OF_A_HOLDER},
    "heartbeat after the deadline": (without("heartbeat", Guard.BEFORE_DEADLINE), "renewed after the deadline"),
    "heartbeat that overtakes": (without("heartbeat", Guard.PROGRESS_NOT_AHEAD), "progress went back"),
    "begin_call after the deadline": (without("begin_call", Guard.BEFORE_DEADLINE), "renewed after the deadline"),
    "begin_call twice": (without("begin_call", Guard.CALLS_AS_KNOWN), "not counted any more"),
    "store_step over another": (without("store_step", Guard.ABSENT), "took the place of the first"),
    "store_step only while it runs": (but("store_step", sources=frozenset({Status.RUNNING})), "paid for was refused"),
    "advance without a new version": (but("advance", raises_version=False), "not counted any more"),
    "succeed stays in the index": (in_the_index("succeed"), "in the index"),
    "succeed for what has ended": (but("succeed", sources=frozenset(Status), guards=()), "applied a second time"),
    "release under the same fence": (but("release", raises_fence=False), "the fence did not"),
    "fail outside of a transaction": (but("fail", transaction=False), "does not count the end once"),
    "give_back from a worker that lives": (without("give_back", Guard.HEARTBEAT_AS_READ), "within its lease"),
    "give_back under the same fence": (but("give_back", raises_fence=False), "the fence did not"),
    "give_back never": (never("give_back"), "at its deadline and not before"),
    "crash_loop of a worker that lives": (without("crash_loop", Guard.HEARTBEAT_AS_READ), "within its lease"),
    "crash_loop stays in the index": (in_the_index("crash_loop"), "in the index"),
    "send_again by all who look": (without("send_again", Guard.DUE_AS_READ), "applied a second time"),
    "send_again never": (never("send_again"), "at its deadline and not before"),
    "expire before the deadline": (without("expire", Guard.PAST_DEADLINE), "before its deadline"),
    "expire by an old account": (without("expire", Guard.USAGE_AS_READ), "not counted any more"),
    "expire only what waits": (but("expire", sources=frozenset({Status.PENDING})), "without its workers"),
    "cancel beside a new call": (without("cancel", Guard.CALLS_AS_KNOWN), "lost its reserve"),
    "cancel by an old account": (without("cancel", Guard.VERSION_AS_READ), "not counted any more"),
    "cancel what has ended": (but("cancel", sources=frozenset(Status), guards=()), "applied a second time"),
    "bill by an old account": (without("bill", Guard.VERSION_AS_READ), "counted by the successor"),
    "dismiss twice": (without("dismiss", Guard.NOT_DISMISSED), "a second dismissal"),
    "dismiss what is open": (but("dismiss", sources=OPEN | TERMINAL, target=Status.FAILED), "status"),
    "retry twice": (without("retry", Guard.NOT_RETRIED), "applied a second time"),
    "retry by an old account": (without("retry", Guard.USAGE_AS_READ), "counted by the successor"),
}


SIZES = {
    # An advance shows what nobody else knows only where two have paid for the same step.
    **dict.fromkeys(("advance by anybody", "advance without a new version", "expire by an old account"), TWO_STEPS),
    # Where nothing is broken, and something never happens, the graph is walked to its end.
    **dict.fromkeys(("give_back never", "send_again never", "expire only what waits"), WHOLE),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_table_breaks_an_invariant(name: str) -> None:
    rows, told = SPOILED[name]
    found = Walk(SIZES.get(name, SIZE), rows).run()
    print(found)
    assert found.broken is not None, f"nothing found in {found}"
    assert told in found.broken


SECOND_LOCKS: dict[str, tuple[Rows, str]] = {
    "claim, fruitless < max": (
        without("claim", Guard.FRUITLESS_ATTEMPTS_LEFT),
        "a rescuer gives nothing back that is fruitless to the end: it fails it, or a step has ended the row",
    ),
    "rearm, what was read": (
        without("rearm", Guard.FENCE, Guard.DUE_AS_READ),
        "due_at is a hint: a rescuer that comes too early or too late looks, and sees that",
    ),
    "postpone, what was read": (without("postpone", Guard.FENCE, Guard.DUE_AS_READ), "the same"),
    "send_again, fence": (without("send_again", Guard.FENCE), "whatever raises the fence moves due_at as well"),
    "give_back, fence": (without("give_back", Guard.FENCE), "each claim writes a new heartbeat_at"),
    "crash_loop, fence": (without("crash_loop", Guard.FENCE), "the same"),
    "expire, fence": (
        without("expire", Guard.FENCE),
        "past the deadline nobody claims any more, and the account is as it was read, whoever held it",
    ),
    "expire, calls": (
        without("expire", Guard.CALLS_AS_KNOWN),
        "past the deadline no call begins; it is for a worker whose clock is behind the rescuer's",
    ),
    "bill, fence": (without("bill", Guard.FENCE), "nothing raises the fence of what has ended"),
    "cancel, a new fence": (but("cancel", raises_fence=False), "the status alone refuses a holder's every write"),
    "cancel, open": (but("cancel", sources=frozenset(Status)), "whatever ends a generation raises its version"),
    "claim, pending": (but("claim", sources=OPEN), "each claim raises the fence: what runs has no message"),
}
BY_THE_HOLDER_ALONE = [without(name, Guard.FENCE) for name in OF_A_HOLDER]
BY_THE_FENCE_ALONE = [without(name, Guard.HOLDER) for name in OF_A_HOLDER]


def together(tables: Sequence[Rows]) -> Rows:
    """Return the rows with everything that any of these tables lacks."""
    return [
        replace(
            row,
            sources=frozenset[Status]().union(*(one.sources for one in spoiled)),
            guards=tuple(guard for guard in row.guards if all(guard in one.guards for one in spoiled)),
            raises_fence=all(one.raises_fence for one in spoiled),
        )
        for row, *spoiled in zip(ROWS, *tables, strict=True)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        together([*BY_THE_HOLDER_ALONE, *(rows for rows, _ in SECOND_LOCKS.values())]),
        together([*BY_THE_FENCE_ALONE, *(rows for rows, _ in SECOND_LOCKS.values())]),
        never("rearm"),
    ],
    ids=["holder", "fence", "rearm"],
)
def test_what_is_locked_twice_holds_by_one_lock(rows: Rows) -> None:
    """The holder's token is new with each claim, and so is the fence: each alone tells every holder from the next.

    And what is not re-armed stays due: each sweep looks at it, which costs a read and misses nothing.
    """
    found = Walk(WHOLE, rows).run()
    print(found)
    assert found.broken is None, found.broken
