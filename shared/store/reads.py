"""What the table is asked. Every read of a generation is strongly consistent; the due index is only a hint."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.domain.clock import Clock
from shared.domain.generation import DayUsage, Generation, GenerationInput, StoredStep
from shared.domain.settings import Settings
from shared.store import items
from shared.store.objects import NO_OBJECTS, Objects
from shared.store.table import Table


@dataclass(frozen=True, slots=True)
class Base:
    """What every part of the store stands on."""

    table: Table
    clock: Clock
    settings: Settings
    objects: Objects = NO_OBJECTS


class Reads(Base):
    """An item whose time to live is over counts as absent: DynamoDB deletes it days late."""

    __slots__ = ()

    def get(self, user_id: str, generation_id: str) -> Generation | None:
        """Return the head, or None when this owner has no such generation."""
        item = self.table.get(items.head_key(user_id, generation_id))
        if item is None:
            return None
        generation = items.decode_head(item)
        return None if self.expired(generation) else generation

    def expired(self, generation: Generation) -> bool:
        """Whether its retention is over: it counts as absent, and DynamoDB has only not deleted it yet."""
        return generation.expires_at is not None and generation.expires_at <= self.clock.now()

    def get_input(self, user_id: str, generation_id: str) -> GenerationInput | None:
        item = self.table.get(items.input_key(user_id, generation_id))
        return None if item is None else items.decode_input(self.objects.restore(item))

    def get_step(self, user_id: str, generation_id: str, name: str) -> StoredStep | None:
        item = self.table.get(items.step_key(user_id, generation_id, name))
        return None if item is None else items.decode_step(self.objects.restore(item))

    def get_steps(self, user_id: str, generation_id: str, *, results: bool = True) -> list[StoredStep]:
        """Return the stored steps in their order.

        With `results=False` a result that is too large for its item is left empty: who only counts the steps needs no
        right to read the bucket, and does not wait for it.
        """
        found = self.table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.marshal({":pk": user_id, ":prefix": items.step_prefix(generation_id)}),
        )
        stored = map(self.objects.restore, found) if results else found
        return sorted((items.decode_step(item) for item in stored), key=lambda step: step.position)

    def usage_of_month(self, user_id: str, month: str) -> list[DayUsage]:
        """Return what was used on each day of a month (YYYY-MM) on which a generation ended, the first day first."""
        found = self.table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.marshal({":pk": user_id, ":prefix": f"U#{month}-"}),
        )
        days = (items.unmarshal(item) for item in found)
        return [
            DayUsage(day["sk"].removeprefix("U#"), int(day.get("generations", 0)), items.decode_usage(day))
            for day in days
        ]

    def due(self, shard: int, now: datetime) -> Iterator[tuple[str, str]]:
        """Yield (owner, id) of what the index says is due in one of its DUE_SHARDS shards, the oldest first."""
        found = self.table.query(
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=items.marshal({":shard": str(shard), ":now": now}),
        )
        for item in found:
            key = items.unmarshal(item)
            yield key["pk"], key["sk"].removeprefix("G#")
