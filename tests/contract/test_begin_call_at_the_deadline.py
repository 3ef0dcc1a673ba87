"""A call that would begin after the deadline is refused for the deadline, the first call of all too."""

from decimal import Decimal

import pytest

from shared.domain.errors import DeadlinePassedError
from shared.domain.generation import Called
from shared.store.whole import Store
from tests.factories import FakeClock, a_generation, an_input


@pytest.mark.parametrize("calls_before", [0, 1])
def test_a_call_after_the_deadline_is_refused_for_the_deadline(
    store: Store, clock: FakeClock, calls_before: int
) -> None:
    head = store.admission.create(a_generation(clock), an_input())
    head = store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))
    for _ in range(calls_before):
        head = store.worker.begin_call(head, "cards", Decimal(0))
    clock.pass_seconds(901)
    with pytest.raises(DeadlinePassedError):
        store.worker.begin_call(head, "cards", Decimal(0))
