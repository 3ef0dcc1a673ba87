"""The changes that a worker makes to the generation that it holds. Each method is one row of the table."""

from datetime import datetime
from decimal import Decimal

from shared.domain import rows
from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.errors import DeadlinePassedError, LeaseLostError, TransitionRefusedError
from shared.domain.generation import SCHEMA_VERSION, Called, ErrorInfo, Generation, StoredStep, Totals
from shared.domain.marks import held
from shared.domain.row import Row
from shared.domain.rows.worker import Done, Failed, Granted, Released, Shown, Stored
from shared.store import items
from shared.store.billing import Bills
from shared.store.ground import Ground
from shared.store.move import Mover
from shared.store.pictures import PictureStore
from shared.store.reads import Reader
from shared.store.spending import SpendingReader
from shared.store.table import ConditionFailedError
from shared.store.timeline import Timeline
from shared.store.user_key import UserKeyReader


class WorkerStore:
    """Every method except claim and store_step needs the lease, and raises LeaseLostError if it is lost.

    DeadlinePassedError means that the worker still holds the generation, but its deadline has passed.
    """

    def __init__(self, ground: Ground) -> None:
        self._table, self._objects = ground.table, ground.objects
        self._clock, self._settings = ground.clock, ground.settings
        self._mover = Mover(ground)
        self.reads = Reader(ground)
        self.bills = Bills(ground)
        self.timeline = Timeline(ground)
        self.user_keys = UserKeyReader(ground)
        self.pictures = PictureStore(ground)
        self.spending = SpendingReader(ground)

    def claim(self, called: Called, holder: str, kinds: tuple[str, ...]) -> Generation:
        """Claim a pending generation. `holder` must be new for each claim. Raises TransitionRefusedError."""
        most = self._settings.max_fruitless_attempts
        more = {"kinds": kinds, "schema_version": SCHEMA_VERSION, "max_fruitless_attempts": most}
        return self._mover.move(rows.CLAIM, called, holder, more)

    def heartbeat(self, head: Generation, progress: int, stage: str | None) -> Generation:
        """Renew the lease, and show progress and stage if they changed. Progress never goes down, even if heartbeats
        overtake each other."""
        return self._as_holder(rows.HEARTBEAT, head, Shown(progress, stage), {"progress": progress})

    def begin_call(
        self,
        head: Generation,
        step: str,
        reserved_usd: Decimal,
        totals: Totals | None = None,
        shown: Shown | None = None,
    ) -> Generation:
        """Count the call that is about to be sent. Required before each call to the provider.

        The caller must have checked the step's and the cost limits on `head`, which only the caller changes.
        """
        return self._as_holder(rows.BEGIN_CALL, head, Granted(step, reserved_usd, totals, shown))

    def store_step(self, head: Generation, step: StoredStep) -> StoredStep:
        """Store a step's result unless one is stored. Return the stored one. Not fenced: a paid result depends only on
        the input, and a late holder's result saves the next holder a call."""
        item = items.encode_step(head.key, step, items.parts_expiry(head, self._settings))
        try:
            self._table.put_new(self._objects.offload(item, f"{head.fence}-{step.name}"))
        except ConditionFailedError as failed:
            return items.decode_step(self._objects.restore(failed.item)) if failed.item else step
        return step

    def advance(self, head: Generation, totals: Totals, shown: Shown, reserved_usd: Decimal) -> Generation:
        """Show the stored steps and the next stage on the head."""
        return self._as_holder(rows.ADVANCE, head, Stored(totals, shown.progress, shown.stage, reserved_usd))

    def succeed(self, head: Generation, totals: Totals, output_step: str, call: CallFacts = NO_CALL) -> None:
        """Succeed: the last step's advance and the end are one write. `call` made the output."""
        self._end(rows.SUCCEED, head, Done(totals, output_step, call))

    def fail(self, head: Generation, totals: Totals, error: ErrorInfo, call: CallFacts = NO_CALL) -> None:
        """Fail with an error that the owner reads. `call` is the call that failed."""
        self._end(rows.FAIL, head, Failed(totals, error, call))

    def release(
        self,
        head: Generation,
        totals: Totals,
        *,
        not_before: datetime | None,
        counted: bool,
        reserved_usd: Decimal,
        because: str,
    ) -> Generation:
        """Release it, to be claimed from `not_before` on. The caller dispatches the returned head.

        `because` is the code that ended the attempt.
        """
        return self._as_holder(rows.RELEASE, head, Released(totals, not_before, counted, reserved_usd, because))

    def _as_holder[Given](
        self, row: Row[Given], head: Generation, given: Given, more: dict[str, int] | None = None
    ) -> Generation:
        try:
            return self._mover.move(row, head, given, more)
        except TransitionRefusedError as refused:
            current = refused.current
            if current is not None and held(current, head) and current.deadline_at <= self._clock.now():
                raise DeadlinePassedError(head.generation_id) from refused
            raise LeaseLostError(head.generation_id) from refused

    def _end[Given](self, row: Row[Given], head: Generation, given: Given) -> None:
        try:
            self._mover.move_with(row, head, given, ())
        except TransitionRefusedError as refused:
            raise LeaseLostError(row.name) from refused
