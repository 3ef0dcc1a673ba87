"""Retries an ended generation as a new one, its successor, which takes over the stored steps."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

from shared.domain import rows
from shared.domain.errors import ObjectDeniedError, TransitionRefusedError, UnreadableError
from shared.domain.generation import Generation, GenerationInput, StoredStep, Usage
from shared.store import items
from shared.store.admission import Admission, AdmissionStore, Admitted
from shared.store.ground import Ground
from shared.store.move import Mover, refused
from shared.store.parts import Parts
from shared.store.pictures import pictures_of
from shared.store.reads import Reader
from shared.store.table import ConditionFailedError


class RetryStore:
    """One row of the table. The ended generation's status stays unchanged."""

    def __init__(self, ground: Ground) -> None:
        self._settings = ground.settings
        self._mover, self._admission = Mover(ground), AdmissionStore(ground)
        self.reads = Reader(ground)

    def retry(
        self,
        old: Generation,
        new: Generation,
        content: GenerationInput,
        steps: Callable[[], Sequence[StoredStep]],
        admission: Admission,
    ) -> Admitted:
        """Admit `new` as the only successor of `old`, with `steps` as its own.

        Checks the limits first, then whether `old` is unchanged, and only then reads and copies the steps. A refused
        retry leaves no copies. Charges that `old` counted are not counted again. Steps that a late holder stored after
        the end are counted here.

        Raises TransitionRefusedError, whose `current` names the successor if there is one already, and what `admit`
        raises: that successor may have reached a limit.
        """
        new = replace(new, retry_of=old.generation_id)
        retried = self._mover.write_of(rows.RETRY, old, new.generation_id)
        inherit = partial(self._inherit, old, new, steps)
        try:
            return self._admission.admit(new, content, admission, beside=[retried], inherit=inherit)
        except ConditionFailedError as failed:
            raise refused(rows.RETRY, failed) from failed

    def _with_pictures(self, old: Generation, steps: Sequence[StoredStep], parts: Parts) -> list[StoredStep]:
        """Copy the pictures of the steps. Return the steps up to the first with a missing picture."""
        taken, copied = list[StoredStep](), set[str]()
        for step in steps:
            for name in set(pictures_of([step])) - copied:
                try:
                    parts.copy(old.key, name)
                except (UnreadableError, ObjectDeniedError):
                    return taken
                copied.add(name)
            taken.append(step)
        return taken

    def _inherit(
        self, old: Generation, new: Generation, steps: Callable[[], Sequence[StoredStep]], parts: Parts
    ) -> int:
        current = self.reads.get(old.key)
        if current is None or current.retried_as is not None or current.usage != old.usage:
            raise TransitionRefusedError(
                rows.RETRY.name, current
            )  # the transaction would find the same, but only after copying
        taken = self._with_pictures(old, steps(), parts)
        counted = min(old.steps_done, len(taken))
        expires_at = items.parts_expiry(new, self._settings)
        for step in taken:
            unpaid = step.unshown if step.position > counted else Usage()
            own = replace(step, usage=unpaid, shown=Usage(), released_usd=Decimal(0))
            parts.put(items.encode_step(new.key, own, expires_at), f"{new.fence}-{step.name}")
        return counted
