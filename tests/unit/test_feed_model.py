"""Two owners page through their feeds while generations come, change and go: none is lost, none shown twice."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from functions.status.feed import FeedService
from functions.status.healing import Healer
from shared.domain.generation import Called, ErrorInfo, Generation, GenerationKey, Totals, Usage
from shared.rescue import Rescuer
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, an_input, create_table, store_over
from tests.unit.requests import a_request, body_of
from tests.unit.services import outputs

KINDS = ("flashcards",)
OWNERS = ("alice", "bob")
SESSIONS = ("s-1", "s-2", None)
FILTERS: tuple[dict[str, str], ...] = ({}, {"session_id": "s-1"}, {"status": "pending"}, {"status": "succeeded"})
NOTHING = Totals(0, Usage())


@dataclass
class Entry:
    """The model's knowledge of a generation."""

    session_id: str | None
    status: str = "pending"
    dismissed: bool = False

    def fits(self, query: dict[str, str]) -> bool:
        return not self.dismissed and all(getattr(self, name) == value for name, value in query.items())


@dataclass
class Reading:
    """A feed that is being paged through: what fitted it all the time, and what fitted it at any time."""

    owner: str
    query: dict[str, str]
    limit: int
    always: set[str]
    ever: set[str]
    shown: list[str] = field(default_factory=list)
    cursor: str | None = None
    ended: bool = False


class FeedMachine(RuleBasedStateMachine):
    """Everything that may happen between two pages, in any order."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        # moto copies the whole table for each transaction: a full one is slow.
        client.delete_table(TableName=SETTINGS.table_name)
        create_table(client, SETTINGS.table_name)
        self.clock = FakeClock()
        self.store = store_over(client, self.clock)
        store, clock = self.store, self.clock
        rescuer = Rescuer(store.rescuer, RecordingDispatch(), clock, SETTINGS, KINDS)
        self.service = FeedService(store.reads, Healer(store.reads, rescuer), outputs(store), clock, SETTINGS)
        self.entries: dict[str, dict[str, Entry]] = {owner: {} for owner in OWNERS}
        self.readings: list[Reading] = []

    @rule(owner=st.sampled_from(OWNERS), session_id=st.sampled_from(SESSIONS), skew=st.integers(-5, 5))
    def submit(self, owner: str, session_id: str | None, skew: int) -> None:
        """A new one, by a server whose clock may be behind: its id may even sort below what was shown already."""
        self.clock.pass_seconds(skew / 1000)
        head = self.store.admission.create(a_generation(self.clock, user_id=owner, session_id=session_id), an_input())
        entry = self.entries[owner][head.generation_id] = Entry(session_id)
        for reading in self.readings:
            if reading.owner == owner and entry.fits(reading.query):
                reading.ever.add(head.generation_id)

    @precondition(lambda self: any(self.entries.values()))
    @rule(data=st.data(), act=st.sampled_from(["claim", "succeed", "fail", "cancel", "dismiss"]))
    def move(self, data: Any, act: str) -> None:
        """A transition of any generation, where its status allows it."""
        owner, generation_id = data.draw(st.sampled_from([(o, one) for o in OWNERS for one in self.entries[o]]))
        head, entry = self.head(owner, generation_id), self.entries[owner][generation_id]
        if head.terminal != (act == "dismiss") or (act == "claim" and head.holder):
            return
        self.act(head, act)
        entry.status = str(self.head(owner, generation_id).status)
        entry.dismissed = entry.dismissed or act == "dismiss"
        for reading in self.readings:
            if reading.owner == owner and entry.fits(reading.query):
                reading.ever.add(generation_id)
            elif reading.owner == owner:
                reading.always.discard(generation_id)

    def head(self, owner: str, generation_id: str) -> Generation:
        found = self.store.reads.get(GenerationKey(owner, generation_id))
        assert found is not None
        return found

    def act(self, head: Generation, act: str) -> None:
        if act == "dismiss":
            self.store.endings.dismiss(head)
        elif act == "cancel":
            self.store.endings.cancel(head.key)
        else:
            if head.holder is None:
                head = self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)
            if act == "succeed":
                self.store.worker.succeed(head, NOTHING, "cards")
            elif act == "fail":
                self.store.worker.fail(head, NOTHING, ErrorInfo("output_invalid", ""))

    @rule(owner=st.sampled_from(OWNERS), query=st.sampled_from(FILTERS), limit=st.integers(1, 3))
    def open_feed(self, owner: str, query: dict[str, str], limit: int) -> None:
        fitting = {one for one, entry in self.entries[owner].items() if entry.fits(query)}
        self.readings.append(Reading(owner, query, limit, set(fitting), set(fitting)))
        self.turn(self.readings[-1])

    @precondition(lambda self: any(not reading.ended for reading in self.readings))
    @rule(data=st.data())
    def turn_a_page(self, data: Any) -> None:
        self.turn(data.draw(st.sampled_from([reading for reading in self.readings if not reading.ended])))

    def turn(self, reading: Reading) -> None:
        query = {**reading.query, "limit": str(reading.limit)} | ({"cursor": reading.cursor} if reading.cursor else {})
        page = body_of(self.service.read(a_request(reading.owner, query=query)))
        assert len(page["generations"]) <= reading.limit
        for shown in page["generations"]:
            entry = self.entries[reading.owner][shown["generation_id"]]
            assert (shown["status"], shown.get("session_id")) == (entry.status, entry.session_id)
            assert entry.fits(reading.query), "shown as it is now"
            reading.shown.append(shown["generation_id"])
        assert reading.shown == sorted(set(reading.shown), reverse=True), "shown twice, or out of order"
        assert set(reading.shown) <= reading.ever
        reading.cursor = page["next_cursor"]
        reading.ended = reading.cursor is None
        if reading.ended:
            assert reading.always <= set(reading.shown), "lost while paging"

    def teardown(self) -> None:
        for reading in self.readings:
            while not reading.ended:
                self.turn(reading)


def test_paging_through_a_feed_that_changes_shows_each_entry_once(dynamodb: Any) -> None:
    """An entry that fits all the time is shown exactly once, one that fits for a while at most once, others never."""
    run_state_machine_as_test(
        lambda: FeedMachine(dynamodb),  # type: ignore[arg-type]  # it takes whatever makes one
        # Not shrunk: thirty steps can be read, and a failure would take minutes to report.
        settings=settings(max_examples=25, stateful_step_count=30, deadline=None, phases=[Phase.reuse, Phase.generate]),
    )
