"""Trying a generation that has ended again, as a new one: its successor, and what it takes over."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain import rows
from shared.domain.generation import Generation, GenerationInput, StoredStep, Usage
from shared.store import items
from shared.store.admission import Admission, AdmissionStore, Admitted
from shared.store.ground import Ground
from shared.store.move import Mover, refused
from shared.store.pictures import PictureStore
from shared.store.reads import Reader
from shared.store.table import ConditionFailedError


class RetryStore:
    """One row of the table. The status of what has ended stays as it is."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._objects, self._settings = ground.table, ground.objects, ground.settings
        self._mover, self._admission, self._pictures = Mover(ground), AdmissionStore(ground), PictureStore(ground)
        self.reads = Reader(ground)

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
        self._pictures.copy_pictures(old, new, steps)
        self._copy(new, steps)
        retried = self._mover.write_of(rows.RETRY, old, new.generation_id)
        try:
            return self._admission.admit(new, content, admission, beside=[retried])
        except ConditionFailedError as failed:
            raise refused(rows.RETRY, failed) from failed

    def _copy(self, new: Generation, steps: Sequence[StoredStep]) -> None:
        expires_at = items.parts_expiry(new, self._settings)
        for step in steps:
            unpaid = step.unshown if step.position > new.steps_done else Usage()
            own = replace(step, usage=unpaid, shown=Usage())
            item = items.encode_step(new.key, own, expires_at)
            self._table.put(self._objects.offload(item, f"{new.fence}-{step.name}"))
