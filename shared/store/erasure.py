"""Deletes all data of an owner, and keeps the mark that says when nothing can be written again."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import batched, islice

from shared.domain.clock import epoch_milliseconds, midnight_after, month_after
from shared.domain.limits import policy_of
from shared.store import items
from shared.store.admission_items import decode_accepted
from shared.store.damage import DAMAGED
from shared.store.ground import Ground
from shared.store.keys import accepted_key, days_of_month, usage_key
from shared.store.marshalling import Item, expiry, from_epoch, marshal, unmarshal
from shared.store.table import ConditionFailedError

_MARK = "X#erase"
_BATCH = 25  # the most that one BatchWriteItem takes
_MARK_DAYS = 1
_NOT_SPENT = ("generations", "paid_calls", "prompt_tokens", "completion_tokens", "wasted_cost_usd")


class ErasureStore:
    """Deletes by key only. The caller ends running generations and sets the order.

    The records of limits go last, once they no longer limit the owner: otherwise an erasure would bypass the limits.
    They are the times of accepted requests, and the spend of today, or of this month if it has a limit. They hold
    nothing of a generation.
    """

    def __init__(self, ground: Ground) -> None:
        self._table, self._objects = ground.table, ground.objects
        self._clock, self._settings = ground.clock, ground.settings

    def erasable(self, user_id: str, count: int) -> list[str]:
        """Return the sort keys of at most `count` items that an erasure deletes, heads among them."""
        kept = {_MARK, *self._binding(user_id, self._clock.now())}
        found = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ProjectionExpression="sk",
            ExpressionAttributeValues=marshal({":pk": user_id}),
            Limit=count + len(kept),
        )
        keys = (str(unmarshal(item)["sk"]) for item in found)
        return list(islice((key for key in keys if key not in kept), count))

    def delete_items(self, user_id: str, sort_keys: Iterable[str]) -> None:
        """Delete items of the owner, whatever they hold. Deleting a missing item is not an error."""
        for batch in batched(sort_keys, _BATCH, strict=False):
            self._table.delete_many([marshal({"pk": user_id, "sk": sort_key}) for sort_key in batch])

    def delete_objects(self, user_id: str) -> bool:
        """Delete at most a thousand of the owner's objects. Returns False if there were none."""
        return self._objects.delete_some(user_id) > 0

    def keep_only_spend(self, user_id: str) -> None:
        """Reduce the days that a spending limit uses to the spend, and let them expire when they no longer limit the
        owner. This always includes today."""
        now = self._clock.now()
        today = usage_key(user_id, now.date().isoformat())
        kept = {day["sk"]["S"]: day for day in (*self._days(user_id, now), self._table.get(today)) if day}
        for sort_key, day in kept.items():
            if "expires_at" not in day or day.keys() & {*_NOT_SPENT}:
                self._strip(user_id, sort_key, self._lapse_of_spend(now) + timedelta(days=_MARK_DAYS))

    def _strip(self, user_id: str, sort_key: str, lapses: datetime) -> None:
        try:
            self._table.update(
                marshal({"pk": user_id, "sk": sort_key}),
                {
                    "UpdateExpression": f"SET expires_at = :at REMOVE {', '.join(_NOT_SPENT)}",
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": marshal({":at": expiry(lapses)}),
                },
                mine=lambda _item: False,
            )
        except ConditionFailedError:
            return  # another call deleted it

    def mark_erasure(self, user_id: str, not_before: datetime) -> None:
        """Mark an erasure as running, until `not_before` at least. A later mark is kept."""
        update = {
            "UpdateExpression": "SET not_before = :at, expires_at = :swept",
            "ConditionExpression": "attribute_not_exists(pk) OR NOT attribute_type(not_before, :number) "
            "OR not_before < :at",
            "ExpressionAttributeValues": _marked(not_before) | {":number": {"S": "N"}},
        }
        try:
            self._table.update(_mark_key(user_id), update, mine=lambda _item: False)
        except ConditionFailedError:
            return

    def erasure_not_before(self, user_id: str) -> datetime | None:
        """Return when the running erasure may end at the earliest; None if none is running.

        A mark that cannot be read never ends by itself. `replace_mark` fixes it.
        """
        item = self._table.get(_mark_key(user_id))
        if item is None:
            return None
        try:
            return from_epoch(unmarshal(item)["not_before"])
        except DAMAGED:
            return datetime.max.replace(tzinfo=UTC)

    def replace_mark(self, user_id: str, not_before: datetime) -> None:
        """Replace the mark's time, which is later than any lease explains."""
        update = {
            "UpdateExpression": "SET not_before = :at, expires_at = :swept",
            "ExpressionAttributeValues": _marked(not_before),
        }
        self._table.update(_mark_key(user_id), update, mine=lambda _item: False)

    def unmark_erasure(self, user_id: str, not_before: datetime) -> bool:
        """End the erasure, unless its mark has been extended since it was read."""
        condition = {
            "ConditionExpression": "attribute_not_exists(pk) OR not_before = :at",
            "ExpressionAttributeValues": marshal({":at": not_before}),
        }
        try:
            self._table.delete(_mark_key(user_id), **condition)
        except ConditionFailedError:
            return False
        return True

    def limits_bind_until(self, user_id: str) -> datetime | None:
        """Return when the last bookkeeping of the owner's limits expires; None if there is none."""
        return max(self._binding(user_id, self._clock.now()).values(), default=None)

    def _binding(self, user_id: str, now: datetime) -> dict[str, datetime]:
        """Return the sort keys of the owner's bookkeeping of limits, each with the time when it expires."""
        lapse = self._lapse_of_spend(now)
        binding = {day["sk"]["S"]: lapse for day in self._days(user_id, now)}
        state = accepted_key(user_id)
        with suppress(*DAMAGED):  # an unreadable item limits nobody, and is deleted with the rest
            accepted = decode_accepted(self._table.get(state))
            if lapses := accepted.lapses_in(policy_of(self._settings), epoch_milliseconds(now)):
                binding[state["sk"]["S"]] = now + timedelta(milliseconds=lapses)
        return binding

    def _days(self, user_id: str, now: datetime) -> list[Item]:
        """Return the usage items with a spend that a limit uses now: this month's, today's, or none."""
        if self._settings.max_monthly_spend_usd > 0:
            days = list(self._table.query(**days_of_month(user_id, f"{now:%Y-%m}")))
        elif self._settings.max_daily_spend_usd > 0:
            today = self._table.get(usage_key(user_id, now.date().isoformat()))
            days = [] if today is None else [today]
        else:
            days = []
        return [day for day in days if _charged(day)]

    def _lapse_of_spend(self, now: datetime) -> datetime:
        return month_after(now) if self._settings.max_monthly_spend_usd > 0 else midnight_after(now)


def _marked(not_before: datetime) -> Item:
    return marshal({":at": not_before, ":swept": expiry(not_before + timedelta(days=_MARK_DAYS))})


def _mark_key(user_id: str) -> Item:
    return marshal({"pk": user_id, "sk": _MARK})


def _charged(day: Item) -> Decimal:
    try:
        return items.charged(day)
    except DAMAGED:
        return Decimal(0)  # an unreadable item limits nobody, and is deleted with the rest
