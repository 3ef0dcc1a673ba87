"""A filtered list reads little of its owner's partition, so one owner's lists alone cannot exhaust it."""

from collections.abc import Callable
from random import Random

import pytest

from functions.status.cards import CardsService
from functions.status.feed import FeedService
from functions.status.healing import Healer
from shared.domain.generation import Called, ErrorInfo, Totals, Usage
from shared.domain.review import Decision, Wish, decide
from shared.http.request import Request
from shared.http.response import Response
from shared.rescue import Rescuer
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, a_step, an_input
from tests.read_units import counted
from tests.unit.requests import a_request
from tests.unit.services import outputs

pytestmark = pytest.mark.any_kinds

A_PARTITION, CALLS = 3_000, 51
"""Read units a second that AWS gives one partition, and calls a second of one owner."""
LABEL = "x" * 64
OWNER = "alice-" + "a" * 58


def random_text(length: int) -> str:
    """Text that no compression makes small, of four bytes a character."""
    random = Random(length)
    return "".join(chr(random.randrange(0x20000, 0x2A6D0)) for _ in range(length))


def feed_of_large_heads(store: Store, clock: FakeClock) -> Callable[[Request], Response]:
    for _ in range(120):
        clock.pass_seconds(0.001)
        made = a_generation(clock, user_id=OWNER, client_id=LABEL, session_id=LABEL, retry_of="0" * 36, kind="k" * 32)
        head = store.admission.create(made, an_input())
        head = store.worker.claim(Called(head.key, head.fence), clock.token(), (head.kind,))
        usage = Usage(8, 10**7, 10**7, head.usage.cost_usd + 1)
        store.worker.fail(head, Totals(8, usage), ErrorInfo("output_invalid", random_text(100)))
    rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, ("flashcards",))
    return FeedService(store.reads, Healer(store.reads, rescuer), outputs(store), clock, SETTINGS).read


def cards_of_large_fields(store: Store, clock: FakeClock) -> Callable[[Request], Response]:
    proposed = [{"front": random_text(200), "back": random_text(500)} for _ in range(30)]
    for _ in range(4):
        head = store.admission.create(a_generation(clock, user_id=OWNER, session_id=LABEL), an_input())
        head = store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))
        store.worker.store_step(head, a_step(clock, result={"suggestions": proposed}))
        store.worker.succeed(head, Totals(1, Usage(1)), "cards")
        done = store.reads.get(head.key)
        assert done is not None
        wishes = [Wish(number, Decision.ACCEPTED) for number in range(1, 31)]
        before = store.reviews.get_review(done.key)
        change = decide(done, proposed, before, wishes, now=clock.now(), new_id=clock.new_id)
        assert change is not None
        store.reviews.review(done, change)
    return CardsService(store.reviews).page


@pytest.mark.parametrize("made", [feed_of_large_heads, cards_of_large_fields])
def test_a_filtered_list_of_the_largest_rows_leaves_the_partition_to_others(
    made: Callable[[Store, FakeClock], Callable[[Request], Response]], store: Store, clock: FakeClock
) -> None:
    read = made(store, clock)
    with counted(store) as units:
        answer = read(a_request(OWNER, query={"session_id": "nothing", "limit": "100"}))
    assert isinstance(answer.body, dict)
    assert answer.body["next_cursor"] is not None, "there was more to read than one call does"
    assert 1 < sum(units) * CALLS < A_PARTITION, units
