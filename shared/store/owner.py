"""What an owner's request does to a generation: create and cancel."""

from dataclasses import replace
from datetime import timedelta

from shared import lifecycle
from shared.errors import StoreUnavailableError, TransitionRefusedError
from shared.generation import Generation, GenerationInput
from shared.store import items
from shared.store.table import ConditionFailedError
from shared.store.terminal import TerminalWrites

_CANCEL_TRIES = 20


class OwnerWrites(TerminalWrites):
    """Each method is one row of the transition table."""

    __slots__ = ()

    def create(self, generation: Generation, content: GenerationInput) -> Generation:
        """Store a new generation: first its input, then, in a transaction, the head. Returns the head.

        `generation.create_op` marks this request: the same create whose answer was lost is recognised by it.
        An input whose head never came is swept by its time to live.
        """
        now = generation.created_at
        parts_expire = generation.deadline_at + timedelta(days=self.settings.retention_days + 1)
        self.table.put(items.encode_input(generation.user_id, generation.generation_id, content, parts_expire))
        due_at = min(now + timedelta(seconds=self.settings.dispatch_grace_seconds), generation.deadline_at)
        generation = replace(generation, due_at=due_at)
        head = items.encode_head(generation)
        try:
            self.table.transact(
                [{"Put": {"Item": head, "ConditionExpression": "attribute_not_exists(pk)"}}],
                mine=lambda item: item.get("create_op") == head["create_op"],
            )
        except ConditionFailedError as failed:
            current = items.decode_head(failed.item) if failed.item else None
            raise TransitionRefusedError(lifecycle.CREATE.name, current) from failed
        return generation

    def cancel(self, user_id: str, generation_id: str) -> Generation | None:
        """Cancel an open generation and return the head as it then is; None when there is none.

        A terminal generation is returned as it is: of a cancel that races the finish, one wins.
        """
        op = self.clock.token()
        for _ in range(_CANCEL_TRIES):
            head = self.get(user_id, generation_id)
            if head is None or head.terminal:
                return head
            try:
                self.finish(lifecycle.CANCEL, head, self.settled(head), op=op)
            except TransitionRefusedError:
                continue  # it moved on between the read and the write: read again
            return self.get(user_id, generation_id)
        raise StoreUnavailableError("cancel lost every race")
