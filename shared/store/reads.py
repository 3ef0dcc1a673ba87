"""Reads of generations. Every read of a generation is strongly consistent; the due index is only a hint."""

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
from shared.store.keys import days_of_month, head_key, input_key, step_key, step_prefix
from shared.store.marshalling import Item, from_epoch, marshal, unmarshal

_POSITION = attrgetter("position")


class Listed(NamedTuple):
    """One of an owner's generations; `head` is None if its item cannot be read."""

    generation_id: str
    head: Generation | None


class Due(NamedTuple):
    """An entry of the due index: the owner, the id, and since when it is due."""

    key: GenerationKey
    at: datetime


class Reader:
    """An expired item counts as missing, because DynamoDB deletes it days late. This class cannot write."""

    def __init__(self, ground: Ground) -> None:
        self._table, self._objects, self._clock = ground.table, ground.objects, ground.clock

    def get(self, key: GenerationKey) -> Generation | None:
        """Return the head, or None if this owner has no such generation."""
        item = self._table.get(head_key(key))
        if item is None:
            return None
        with reading():
            generation = items.decode_head(item)
        return None if self.expired(generation) else generation

    def expired(self, generation: Generation) -> bool:
        """Whether its retention is over. It then counts as missing, even if DynamoDB has not deleted it yet."""
        return generation.expires_at is not None and generation.expires_at <= self._clock.now()

    def get_input(self, key: GenerationKey) -> GenerationInput | None:
        item = self._table.get(input_key(key))
        with reading():
            return None if item is None else items.decode_input(self._objects.restore(item))

    def asked(self, key: GenerationKey) -> Asked:
        """Return the log facts of the input. Best effort: facts that cannot be read now are None."""
        try:
            item = self._table.get(input_key(key))
            return Asked() if item is None else items.decode_asked(item)
        except (StoreUnavailableError, ClientError, *DAMAGED):
            return Asked()

    def readable_input(self, key: GenerationKey) -> GenerationInput | None:
        """Return the input; None if it is missing or cannot be read, or if its object is missing."""
        return if_readable(lambda: self.get_input(key))

    def readable_steps(self, key: GenerationKey) -> list[StoredStep]:
        """Return the stored steps in order, up to the first that is missing or unreadable or whose object is missing.

        Later steps stay stored: a generation that continues makes the steps in order.
        """
        found = (if_readable(partial(self._readable, item)) for item in self._steps(key))
        steps = {step.position: step for step in found if step is not None}
        return [steps[at] for at in takewhile(steps.__contains__, count(1))]

    def _readable(self, item: Item) -> StoredStep:
        if "result" not in item and "result_object" not in item:
            raise KeyError("result")
        return items.decode_step(self._objects.restore(item))

    def get_step(self, key: GenerationKey, name: str) -> StoredStep | None:
        item = self._table.get(step_key(key, name))
        with reading():
            return None if item is None else self._readable(item)

    def get_steps(self, key: GenerationKey, *, results: bool = True) -> list[StoredStep]:
        """Return the stored steps in order.

        With `results=False`, a result in an object is left empty. A caller that only counts steps then needs no right
        to read the bucket, and does not wait for it.
        """
        with reading():
            decode = self._readable if results else items.decode_step
            return sorted(map(decode, self._steps(key)), key=_POSITION)

    def known_steps(self, key: GenerationKey, *, results: bool = False) -> list[StoredStep]:
        """Return what `get_steps` does, but skip unreadable steps, for callers that must continue without them."""
        decode = self._readable if results else items.decode_step
        found = (if_readable(partial(decode, item)) for item in self._steps(key))
        return sorted((step for step in found if step is not None), key=_POSITION)

    def _steps(self, key: GenerationKey) -> Iterator[Item]:
        prefix = step_prefix(key.generation_id)
        return self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=marshal({":pk": key.owner, ":prefix": prefix}),
        )

    def get_results(self, heads: Sequence[Generation], most_bytes: int) -> dict[str, dict[str, Any] | None]:
        """Return the outputs of at most 100 generations by id, in one call. A generation without output is missing.

        An output is None if it is larger than `most_bytes` of JSON or cannot be read. S3 is not read: every output in
        an object is larger than the bound.
        """
        made = {head.generation_id: step_key(head.key, head.output_step) for head in heads if head.output_step}
        found = self._table.get_many(*made.values()) if made else []
        pairs = zip(made, found, strict=True)
        return {
            name: if_readable(partial(items.decode_result, item, most_bytes))
            for name, item in pairs
            if item is not None
        }

    def settled(self, head: Generation) -> Totals:
        """Return the totals that the head must show once all stored steps are counted.

        An unreadable step does not keep a generation from ending.
        """
        return settle(head, self.known_steps(head.key))

    def newest(self, user_id: str, after: str | None, page: int) -> Iterator[Listed]:
        """Yield the owner's heads, newest first, starting after the id `after`. Includes expired ones.

        An unreadable head is yielded as such, so that it does not hide the others.

        Ids are UUIDv7, so the order is that of creation and never changes. Reads `page` heads at a time, and only as
        many pages as the caller consumes.
        """
        more = {} if after is None else {"ExclusiveStartKey": head_key(GenerationKey(user_id, after))}
        found = self._table.query(
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=page,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=marshal({":pk": user_id, ":prefix": "G#"}),
            **more,
        )
        return map(_listed, found)

    def usage_of_month(self, user_id: str, month: str) -> list[DayUsage]:
        """Return the usage on each day of a month (YYYY-MM) on which a generation ended, in order."""
        days = (unmarshal(item) for item in self._table.query(**days_of_month(user_id, month)))
        with reading():
            return [
                DayUsage(day["sk"].removeprefix("U#"), int(day.get("generations", 0)), items.decode_usage(day))
                for day in days
            ]

    def due(self, shard: int, now: datetime) -> Iterator[Due]:
        """Yield the due entries of one of the index's DUE_SHARDS shards, the longest due first."""
        found = self._table.query(
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=marshal({":shard": str(shard), ":now": now}),
        )
        for item in found:
            key = unmarshal(item)
            owned = GenerationKey(key["pk"], key["sk"].removeprefix("G#"))
            try:
                at = from_epoch(key["due_at"])
            except DAMAGED:
                at = now  # before all calendars: it must not hide the entries behind it in the index
            yield Due(owned, at)


def _listed(item: Item) -> Listed:
    generation_id = str(item["sk"]["S"]).removeprefix("G#")
    try:
        return Listed(generation_id, items.decode_head(item))
    except DAMAGED as error:
        # The error's text may quote the item. Its type is enough to find the field.
        about = {"generation_id": generation_id, "error": type(error).__name__}
        logger().error("a head cannot be read", extra=about)
        return Listed(generation_id, None)
