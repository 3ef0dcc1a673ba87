"""A create that loses the race for its owner's limits or its key leaves nothing of its input."""

from typing import Any

import pytest

from shared.domain.errors import AdmissionRefusedError
from shared.domain.generation import Generation
from shared.domain.limits import Limit, Policy
from shared.store.admission import Admission, AdmissionStore
from tests.contract.admitting import a_key
from tests.contract.leftovers import all_of, parts_of
from tests.contract.test_objects import LARGE, Place
from tests.factories import FakeClock, a_generation, an_input, s3_beside, store_over


@pytest.fixture
def place(dynamodb: Any, clock: FakeClock) -> Place:
    return Place(store_over(dynamodb, clock), clock, dynamodb, s3_beside(dynamodb))


@pytest.mark.parametrize("how", ["another was let in", "the same key was let in"])
def test_a_create_that_loses_its_race_leaves_no_input(place: Place, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    store, clock, owner = place.store, place.clock, f"owner {place.clock.token()}"
    policy = Policy({"*": Limit("create", 1, 300)})
    admission = Admission(policy, a_key() if how == "the same key was let in" else None)
    first, second = (a_generation(clock, user_id=owner) for _ in range(2))
    create, acted = AdmissionStore.create, list[bool]()

    def late(self: AdmissionStore, *given: Any, **more: Any) -> Any:
        if not acted:
            acted.append(True)
            store.admission.admit(first, an_input(), admission)
        return create(self, *given, **more)

    monkeypatch.setattr(AdmissionStore, "create", late)
    if admission.key is None:
        with pytest.raises(AdmissionRefusedError):
            store.admission.admit(second, an_input(LARGE), admission)
    else:
        assert store.admission.admit(second, an_input(LARGE), admission).generation_id == first.generation_id
    assert parts_of(place, owner) == {first.generation_id}
    assert store.reads.get_input(first.key) is not None


def test_an_input_that_is_kept_in_its_item_is_deleted_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = f"owner {place.clock.token()}"

    def lose(*_: Any, **__: Any) -> Generation:
        raise AdmissionRefusedError("rate_limited", 1, None)

    monkeypatch.setattr(AdmissionStore, "create", lose)
    with pytest.raises(AdmissionRefusedError):
        place.store.admission.admit(a_generation(place.clock, user_id=owner), an_input(), Admission(Policy({})))
    assert all_of(place, owner) == ([], [])
