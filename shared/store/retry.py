"""What an owner does to a generation that has ended: dismiss it, or have it tried again as a new one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from shared.domain import rows
from shared.domain.errors import TransitionRefusedError
from shared.domain.generation import Generation, GenerationInput, StoredStep, Usage
from shared.store import items
from shared.store.admission import Admission, AdmissionWrites, Admitted
from shared.store.expressions import Change, as_read, update_of
from shared.store.pictures import PictureWrites
from shared.store.table import ConditionFailedError


class RetryWrites(AdmissionWrites, PictureWrites):
    """Each method is one row of the transition table. The status of what has ended stays as it is."""

    __slots__ = ()

    def dismiss(self, head: Generation) -> None:
        """Mark an ended generation as dismissed; a second time changes nothing.

        Raises TransitionRefusedError for one that is open or gone.
        """
        now = self.clock.now()
        update = update_of(rows.DISMISS, Change(as_read(head, now), {"dismissed_at": now}))
        key = items.head_key(head.user_id, head.generation_id)
        try:
            # Whoever dismissed it, it is dismissed: no mark is needed to know a write whose answer was lost.
            self.table.update(key, update, mine=lambda item: "dismissed_at" in item)
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(rows.DISMISS.name, current) from failed

    def retry(
        self,
        old: Generation,
        new: Generation,
        content: GenerationInput,
        steps: Sequence[StoredStep],
        admission: Admission,
    ) -> Admitted:
        """Let `new` in as the one successor of `old`, with `steps` as its own.

        What was paid for them and counted with `old` is not counted again; what a late holder stored after its end
        is counted here. Input and steps are stored first; what no head came for is swept by its time to live.

        Raises TransitionRefusedError, whose `current` names the successor when there is one already, and what `admit`
        raises: a limit may have been reached by that one.
        """
        counted = min(old.steps_done, len(steps))
        new = replace(new, retry_of=old.generation_id, steps_done=counted)
        self.copy_pictures(old, new, steps)
        self._copy(new, steps)
        change = Change(as_read(old, self.clock.now()), {"retried_as": new.generation_id})
        key = items.head_key(old.user_id, old.generation_id)
        retried = {"Update": {"Key": key, **update_of(rows.RETRY, change)}}
        try:
            return self.admit(new, content, admission, beside=[retried])
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(rows.RETRY.name, current) from failed

    def _copy(self, new: Generation, steps: Sequence[StoredStep]) -> None:
        expires_at = new.deadline_at + timedelta(days=self.settings.retention_days + 1)
        for step in steps:
            unpaid = step.unshown if step.position > new.steps_done else Usage()
            own = replace(step, usage=unpaid, shown=Usage())
            item = items.encode_step(new.user_id, new.generation_id, own, expires_at)
            self.table.put(self.objects.offload(item, f"{new.fence}-{step.name}"))
