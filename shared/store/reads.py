"""What the table is asked about generations. Every read of one is strongly consistent; the due index is only a hint."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import count, takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from shared.aws.logs import logger
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import (
    Asked,
    DayUsage,
    Generation,
    GenerationInput,
    GenerationKey,
    StoredStep,
    Totals,
    settle,
)
from shared.store import items
from shared.store.damage import DAMAGED, if_readable, reading
from shared.store.ground import Ground

_POSITION = attrgetter("position")


class Listed(NamedTuple):
    """One of an owner's generations; `head` is None where its item cannot be read."""

    generation_id: str
    head: Generation | None


class Due(NamedTuple):
    """An entry of the due index: whose it is, and since when somebody should have looked at it."""

    key: GenerationKey
    at: datetime


class Reader:
    """An item whose time to live is over counts as absent: DynamoDB deletes it days late. It cannot write."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._objects, self._clock = ground.table, ground.objects, ground.clock

    def get(self, key: GenerationKey) -> Generation | None:
        """Return the head, or None when this owner has no such generation."""
        item = self._table.get(items.head_key(key))
        if item is None:
            return None
        with reading():
            generation = items.decode_head(item)
        return None if self.expired(generation) else generation

    def expired(self, generation: Generation) -> bool:
        """Whether its retention is over: it counts as absent, and DynamoDB has only not deleted it yet."""
        return generation.expires_at is not None and generation.expires_at <= self._clock.now()

    def get_input(self, key: GenerationKey) -> GenerationInput | None:
        item = self._table.get(items.input_key(key))
        with reading():
            return None if item is None else items.decode_input(self._objects.restore(item))

    def asked(self, key: GenerationKey) -> Asked:
        """Return what a log line says of the input. Best effort: what cannot be read now is not known."""
        try:
            item = self._table.get(items.input_key(key))
            return Asked() if item is None else items.decode_asked(item)
        except (StoreUnavailableError, ClientError, *DAMAGED):
            return Asked()

    def readable_input(self, key: GenerationKey) -> GenerationInput | None:
        """Return what was sent in; None also where it cannot be read, or its object is gone."""
        return if_readable(lambda: self.get_input(key))

    def readable_steps(self, key: GenerationKey) -> list[StoredStep]:
        """Return the stored steps in their order, up to the first that is missing, cannot be read or lost its object.

        What comes behind it stays where it is: a generation that goes on makes the steps in their order.
        """
        found = (if_readable(partial(self._readable, item)) for item in self._steps(key))
        steps = {step.position: step for step in found if step is not None}
        return [steps[at] for at in takewhile(steps.__contains__, count(1))]

    def _readable(self, item: items.Item) -> StoredStep:
        if "result" not in item and "result_object" not in item:
            raise KeyError("result")
        return items.decode_step(self._objects.restore(item))

    def get_step(self, key: GenerationKey, name: str) -> StoredStep | None:
        item = self._table.get(items.step_key(key, name))
        with reading():
            return None if item is None else self._readable(item)

    def get_steps(self, key: GenerationKey, *, results: bool = True) -> list[StoredStep]:
        """Return the stored steps in their order.

        With `results=False` a result that is too large for its item is left empty: who only counts the steps needs no
        right to read the bucket, and does not wait for it.
        """
        with reading():
            decode = self._readable if results else items.decode_step
            return sorted(map(decode, self._steps(key)), key=_POSITION)

    def known_steps(self, key: GenerationKey, *, results: bool = False) -> list[StoredStep]:
        """Return what `get_steps` does, without the steps that cannot be read: for what has to go on without them."""
        decode = self._readable if results else items.decode_step
        found = (if_readable(partial(decode, item)) for item in self._steps(key))
        return sorted((step for step in found if step is not None), key=_POSITION)

    def _steps(self, key: GenerationKey) -> Iterator[items.Item]:
        prefix = items.step_prefix(key.generation_id)
        return self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.marshal({":pk": key.owner, ":prefix": prefix}),
        )

    def get_results(self, heads: Sequence[Generation], most_bytes: int) -> dict[str, dict[str, Any] | None]:
        """Return what each of at most 100 generations made, by id and in one call; absent where it made nothing.

        One of more than `most_bytes` of JSON is None, and one that cannot be read. S3 is not asked: what is in an
        object is larger than any bound.
        """
        made = {head.generation_id: items.step_key(head.key, head.output_step) for head in heads if head.output_step}
        found = self._table.get_many(*made.values()) if made else []
        pairs = zip(made, found, strict=True)
        return {
            name: if_readable(partial(items.decode_result, item, most_bytes))
            for name, item in pairs
            if item is not None
        }

    def settled(self, head: Generation) -> Totals:
        """Return what the head must show once the steps that it does not count yet are counted.

        A step that cannot be read keeps no generation from its end.
        """
        return settle(head, self.known_steps(head.key))

    def newest(self, user_id: str, after: str | None, page: int) -> Iterator[Listed]:
        """Yield the owner's heads, the newest first, beginning behind the id `after`, expired ones among them.

        One that cannot be read is told as such: it must not stand between its owner and the others.

        Ids are UUIDv7, so that their order is that of creation, and stays it whatever happens to a generation. Reads
        `page` heads at a time, and no more of them than are asked for.
        """
        more = {} if after is None else {"ExclusiveStartKey": items.head_key(GenerationKey(user_id, after))}
        found = self._table.query(
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=page,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.marshal({":pk": user_id, ":prefix": "G#"}),
            **more,
        )
        return map(_listed, found)

    def usage_of_month(self, user_id: str, month: str) -> list[DayUsage]:
        """Return what was used on each day of a month (YYYY-MM) on which a generation ended, the first day first."""
        days = (items.unmarshal(item) for item in self._table.query(**items.days_of_month(user_id, month)))
        with reading():
            return [
                DayUsage(day["sk"].removeprefix("U#"), int(day.get("generations", 0)), items.decode_usage(day))
                for day in days
            ]

    def due(self, shard: int, now: datetime) -> Iterator[Due]:
        """Yield what the index says is due in one of its DUE_SHARDS shards, the longest due first."""
        found = self._table.query(
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=items.marshal({":shard": str(shard), ":now": now}),
        )
        for item in found:
            key = items.unmarshal(item)
            owned = GenerationKey(key["pk"], key["sk"].removeprefix("G#"))
            try:
                at = items.from_epoch(key["due_at"])
            except DAMAGED:
                at = now  # before all calendars: it must not hide what stands behind it in the index
            yield Due(owned, at)


def _listed(item: items.Item) -> Listed:
    generation_id = str(item["sk"]["S"]).removeprefix("G#")
    try:
        return Listed(generation_id, items.decode_head(item))
    except DAMAGED as error:
        # What it says may hold what the item does; its type says which field to look for.
        about = {"generation_id": generation_id, "error": type(error).__name__}
        logger().error("a head cannot be read", extra=about)
        return Listed(generation_id, None)
