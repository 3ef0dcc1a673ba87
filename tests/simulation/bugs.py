"""Seeded bugs: each takes one thing from the code that makes it safe, for as long as a block lasts. Judges nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from functions.process import worker
from functions.process.context import AttemptContext
from functions.process.heartbeat import Heartbeat
from functions.process.key import UserKeys
from shared import rescue, wiring
from shared.aws.dispatch import SqsDispatch
from shared.domain import rows
from shared.domain.diagnosis import Diagnosis
from shared.domain.errors import DeadlinePassedError, GenerationError, LeaseLostError
from shared.domain.generation import Totals
from shared.domain.row import At, Row
from shared.domain.states import Guard, Status
from shared.http import acceptance
from shared.store import user_key
from shared.store.admission import AdmissionStore
from shared.store.reads import Reader
from shared.store.retry import RetryStore
from shared.store.table import Table
from shared.store.worker import WorkerStore
from tests.simulation.model import FakeModel

Broken = AbstractContextManager[Any]
Bug = Callable[[], Broken]

KEPT = object()

_MINE = (Guard.FENCE, Guard.HOLDER)


def row(name: str, **changes: Any) -> Bug:
    """Change one row of the table within the block."""
    return lambda: patch.multiple(rows, **{name: replace(getattr(rows, name), **changes)})


def without(name: str, *guards: Guard) -> Bug:
    kept = tuple(guard for guard in getattr(rows, name).guards if guard not in guards)
    return row(name, guards=kept)


def method(owner: Any, name: str, broken: Callable[..., Any]) -> Bug:
    """Have `broken` called in place of a method, with the method itself before the method's own arguments."""

    def made() -> Broken:
        whole = getattr(owner, name)
        return patch.object(owner, name, lambda *given, **more: broken(whole, *given, **more))

    return made


def written(name: str, **values: Any) -> Bug:
    """Have the writes along one row set something else; what is callable makes the new value of the old.

    What is `KEPT` is not set at all.
    """
    whole = getattr(rows, name)

    def sets(head: Any, at: At, given: Any) -> Mapping[str, Any]:
        said = dict(whole.sets(head, at, given))
        for field, value in values.items():
            said[field] = value(said[field]) if callable(value) else value
        return {field: value for field, value in said.items() if value is not KEPT}

    return row(name, sets=sets)


def together(*bugs: Bug) -> Bug:
    @contextmanager
    def made() -> Iterator[None]:
        with ExitStack() as stack:
            for bug in bugs:
                stack.enter_context(bug())
            yield

    return made


def _never_mine(whole: Any, store: Any, key: Any, update: Any, *_mine: Any, **_named: Any) -> Any:
    return whole(store, key, update, mine=lambda _item: False)


def _begin_without_writing(_whole: Any, _store: Any, head: Any, step: str, *_more: Any) -> Any:
    return replace(head, calls=head.calls + 1, call_step=step)


def _begin_though_refused(whole: Any, store: Any, head: Any, *more: Any) -> Any:
    try:
        return whole(store, head, *more)
    except LeaseLostError:
        return head


def _day_apart(whole: Any, table: Any, writes: Any, mine: Any, **more: Any) -> None:
    days = [write for write in writes if write.get("Update", {}).get("Key", {}).get("sk", {}).get("S", "")[:2] == "U#"]
    whole(table, [write for write in writes if write not in days], mine, **more)
    if days:
        whole(table, days, mine, **more)


def _dispatched_first(whole: Any, store: Any, generation: Any, *given: Any, **more: Any) -> Any:
    wiring.dispatch().send(generation, store._clock.now())
    return whole(store, generation, *given, **more)


def _lost_at_once(whole: Any, *given: Any) -> Diagnosis:
    found: Diagnosis = whole(*given)
    return Diagnosis.LOST_WORKER if found is Diagnosis.FRESH else found


def _raise_for_what_is_unknown(whole: Any, head: Any, *given: Any) -> Diagnosis:
    if not head.status.known:
        raise ValueError(f"{head.status!s} is not a valid Status")
    found: Diagnosis = whole(head, *given)
    return found


def _raise_what_is_unexpected(whole: Any, raised: Any, head: Any) -> Any:
    if isinstance(raised, GenerationError | LeaseLostError | DeadlinePassedError):
        return whole(raised, head)
    raise raised


def _never_hands_over(whole: Any, watch: Any, *given: Any) -> None:
    whole(watch, *given[:-1], float("inf"))


def _unjoined(_whole: Any, watch: Any, *_error: Any) -> None:
    watch._stop.set()


def _recount_without_storing(whole: Any, attempt: Any) -> None:
    attempt._unanswered = None
    whole(attempt)


def _no_steps(whole: Any, store: Any, *given: Any, results: bool = True) -> Any:
    return [] if results else whole(store, *given, results=results)


BUGS: dict[str, Bug] = {
    # Who may write.
    "claim takes a message of any fence": without("CLAIM", Guard.FENCE),
    "heartbeat renews anybody's lease": without("HEARTBEAT", *_MINE),
    "begin_call counts for anybody": without("BEGIN_CALL", *_MINE),
    "advance moves anybody's generation": without("ADVANCE", *_MINE, Guard.USAGE_AS_READ),
    "release gives back anybody's generation": without("RELEASE", *_MINE),
    "succeed goes by the status alone": without("SUCCEED", *_MINE),
    "fail goes by the status alone": without("FAIL", *_MINE),
    "give_back does not ask for the heartbeat as read": without("GIVE_BACK", Guard.HEARTBEAT_AS_READ),
    "crash_loop does not ask for the heartbeat as read": without("CRASH_LOOP", Guard.HEARTBEAT_AS_READ),
    "expire ends what has ended": row("EXPIRE", sources=frozenset(Status)),
    "expire ends whatever was spent meanwhile": without("EXPIRE", Guard.USAGE_AS_READ, Guard.CALLS_AS_KNOWN),
    "cancel does not go by the version": without("CANCEL", Guard.VERSION_AS_READ, Guard.CALLS_AS_KNOWN),
    "cancel ends what has ended": row("CANCEL", sources=frozenset(Status), guards=()),
    "retry makes a second successor": without("RETRY", Guard.NOT_RETRIED),
    "a status of a newer version is an error": method(rescue, "diagnose", _raise_for_what_is_unknown),
    "what a newer version wrote never expires": row("EXPIRE", any_version=False),
    # What is written.
    "claim keeps the fence": row("CLAIM", raises_fence=False),
    "give_back keeps the fence": row("GIVE_BACK", raises_fence=False),
    "release keeps the fence": row("RELEASE", raises_fence=False),
    "cancel keeps the fence": row("CANCEL", raises_fence=False),
    "send_again raises the fence": row("SEND_AGAIN", raises_fence=True),
    "advance keeps the version": row("ADVANCE", raises_version=False),
    "heartbeat moves progress down": without("HEARTBEAT", Guard.PROGRESS_NOT_AHEAD),
    "advance shows no progress": written("ADVANCE", progress=0),
    "advance counts usage twice": written(
        "ADVANCE", usage=lambda usage: replace(usage, prompt_tokens=2 * usage.prompt_tokens)
    ),
    "claim does not count the attempt": written("CLAIM", attempt=KEPT),
    "claim does not count as fruitless": written("CLAIM", fruitless_attempts=KEPT),
    "give_back does not part what died together": written("GIVE_BACK", isolated=None),
    "release forgets when somebody must look": written("RELEASE", due_at=None),
    "give_back forgets when somebody must look": written("GIVE_BACK", due_at=None),
    "send_again looks again after the deadline": written(
        "SEND_AGAIN", due_at=lambda moment: moment + timedelta(hours=1)
    ),
    "an ended generation stays in the index": method(Row, "leaves_index", lambda _whole, _row: False),
    "create forgets the index": method(AdmissionStore, "_due", lambda _whole, _store, generation: generation),
    "a step is stored over the one that stands there": method(
        Table, "put_new", lambda _whole, table, item: table.put(item)
    ),
    "the owner's day is a write of its own": method(Table, "transact", _day_apart),
    "an end leaves the owner's key": method(user_key, "deletion", lambda _whole, _head: []),
    "an end does not count what was stored and not shown": method(
        Reader, "settled", lambda _whole, _store, head: Totals(head.steps_done, head.usage)
    ),
    "an end keeps the reserve of a call whose bill it counts": method(
        Reader, "settled", lambda whole, store, head: replace(whole(store, head), released_usd=Decimal(0))
    ),
    "retry counts the copied steps again": together(
        without("RETRY", Guard.USAGE_AS_READ),
        method(
            RetryStore,
            "retry",
            lambda whole, store, old, *more: whole(store, replace(old, steps_done=0), *more),
        ),
    ),
    "a key is not remembered": method(
        AdmissionStore,
        "admit",
        lambda whole, store, new, content, admission, **more: whole(
            store, new, content, replace(admission, key=None), **more
        ),
    ),
    # What is done.
    "a lost answer of an update is taken for a refusal": method(Table, "update", _never_mine),
    "create dispatches before it writes": together(
        method(AdmissionStore, "create", _dispatched_first), method(acceptance, "start", lambda _whole, *_given: None)
    ),
    "nothing is dispatched": method(SqsDispatch, "send", lambda _whole, *_given: None),
    "a rescuer does not ask for the lease": method(rescue, "diagnose", _lost_at_once),
    "a sweep finds nothing": method(Reader, "due", lambda _whole, *_given: iter(())),
    "the model is called without begin_call": method(WorkerStore, "begin_call", _begin_without_writing),
    "the model is called after a refused begin_call": method(WorkerStore, "begin_call", _begin_though_refused),
    "nobody asks before a call is sent": method(
        FakeModel,
        "complete",
        lambda whole, model, request, **more: whole(model, request, **more | {"may_send": lambda: None}),
    ),
    "stored steps are made again": method(Reader, "get_steps", _no_steps),
    "the heartbeat's thread is left behind": method(Heartbeat, "__exit__", _unjoined),
    "the invocation's end is ignored": method(Heartbeat, "__init__", _never_hands_over),
    "what storage refuses is no end of an attempt": method(worker, "end_of", _raise_what_is_unexpected),
    "what a kind raises is no end of an attempt": method(worker, "end_of", _raise_what_is_unexpected),
    "who gives back forgets what it was told": written("RELEASE", usage=KEPT),
    "who gives back forgets a step that was not answered for": lambda: patch.object(
        AttemptContext, "unsure", new=False
    ),
    "who gives back does not store again a step that was not answered for": method(
        AttemptContext, "recount", _recount_without_storing
    ),
    "our key pays for who brings one": method(UserKeys, "__call__", lambda _whole, *_given: "sk-simulated"),
}
