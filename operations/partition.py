"""All items of one owner, decoded, without the owner's texts and the model's answers. Judges nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.domain.generation import SCHEMA_VERSION, Generation, StoredStep, Usage
from shared.domain.review import Card, Review
from shared.store import items
from shared.store.admission_items import decode_accepted
from shared.store.damage import DAMAGED
from shared.store.marshalling import Item, from_epoch, pack, unmarshal
from shared.store.pictures import pictures_of
from shared.store.review import decode_card, decode_review
from shared.store.sweeps import NO_OWNER
from shared.store.timeline import decode_event

# The errors of decoding an item that the code did not write.
_UNREADABLE = (*DAMAGED, OSError)
_BEYOND_YEAR = 3000
_NOT_SPENT = frozenset({"generations", "paid_calls", "prompt_tokens", "completion_tokens", "wasted_cost_usd"})


class FarTimeError(ValueError):
    """A time is so far off that sums with it would leave the calendar."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day's usage. `stripped`: an erasure reduced it to the spend that limits the owner."""

    generations: int
    usage: Usage
    own_cost_usd: Decimal
    stripped: bool
    lapses: bool = False


@dataclass(frozen=True, slots=True)
class Requested:
    """The request that an idempotency key was used for."""

    sort_key: str
    generation_id: str
    expires_at: datetime


@dataclass(slots=True)
class Partition:
    """Two equal partitions are the same in everything that the checks use."""

    owner: str
    heads: dict[str, Generation] = field(default_factory=dict)
    shards: dict[str, str | None] = field(default_factory=dict)
    steps: dict[str, list[StoredStep]] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    keys: dict[str, datetime] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    requests: list[Requested] = field(default_factory=list)
    days: dict[str, Day] = field(default_factory=dict)
    limit_swept_at: datetime | None = None
    limit_lapses_at: datetime | None = None
    erasing_until: datetime | None = None
    empty_steps: list[str] = field(default_factory=list)
    objects: dict[str, list[str]] = field(default_factory=dict)
    """The keys of the bucket's objects that each item names."""
    pictures: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """The generation's id and the names of the pictures that each item names."""
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """The sort key and the error's name of each unreadable item."""
    newer: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    lapses: dict[str, datetime] = field(default_factory=dict)
    """When each item's time to live ends, if it has one."""
    size: int = 0

    @classmethod
    def of(cls, owner: str, found: Iterable[Item]) -> "Partition":
        partition = cls(owner)
        for item in found:
            partition.add(item)
        return partition

    def add(self, item: Item) -> None:
        """Add one item, in any state."""
        sort_key = item["sk"]["S"]
        self.size += 1
        if self.owner.startswith(NO_OWNER):
            return  # the sweep's mark, which is read separately, and the spend of all owners together
        take = TAKERS.get(sort_key[:2])
        if take is None:
            self.unknown.append(sort_key)
            return
        try:
            if "expires_at" in item:
                self.lapses[sort_key] = _expiry(item)
            if int(item.get("schema_version", {}).get("N", 0)) > SCHEMA_VERSION:
                self.newer.append(sort_key)
            else:
                take(self, item)
        except _UNREADABLE as error:
            kind = type(error)
            self.unreadable.append((sort_key, f"{kind.__module__}.{kind.__name__}".removeprefix("builtins.")))

    @property
    def whole(self) -> bool:
        """Whether all items are known. If not, a missing item may only be unread."""
        return not (self.unreadable or self.newer)


def _expiry(item: Item) -> datetime:
    return _near(datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC))


def _near(moment: datetime) -> datetime:
    if moment.year >= _BEYOND_YEAR:
        raise FarTimeError
    return moment


def _id(item: Item) -> str:
    return str(item["sk"]["S"].split("#")[1])


def _head(partition: Partition, item: Item) -> None:
    head = items.decode_head(item)
    if not head.status.known:
        partition.newer.append(item["sk"]["S"])
        return
    for moment in (getattr(head, name) for name in (*items.TIMES, "expires_at")):
        if moment is not None:
            _near(moment)
    partition.heads[head.generation_id] = head
    partition.shards[head.generation_id] = item.get("due_shard", {}).get("S")


def _input(partition: Partition, item: Item) -> None:
    # Objects are not fetched.
    there = item if "content_object" not in item else {**item, "content": {"B": pack({})}}
    items.decode_input(there)
    partition.inputs.add(_id(item))
    _objects(partition, item, "content")


def _step(partition: Partition, item: Item) -> None:
    stored = items.decode_step(item)
    _near(stored.stored_at)
    _objects(partition, item, "result")
    if "result" not in item and "result_object" not in item:
        partition.empty_steps.append(item["sk"]["S"])
    if drawn := pictures_of([stored]):
        partition.pictures[item["sk"]["S"]] = (_id(item), drawn)
    step = replace(stored, result={})
    partition.steps.setdefault(_id(item), []).append(step)


def _objects(partition: Partition, item: Item, attribute: str) -> None:
    named = item.get(f"{attribute}_object")
    if named is not None:
        partition.objects[item["sk"]["S"]] = [str(named["S"])]


def _key(partition: Partition, item: Item) -> None:
    bytes(item["sealed"]["B"])
    partition.keys[_id(item)] = _expiry(item)


def _review(partition: Partition, item: Item) -> None:
    review = decode_review(item)
    verdicts = {number: replace(each, edits={}) for number, each in review.verdicts.items()}
    partition.reviews[_id(item)] = Review(review.version, verdicts)


def _card(partition: Partition, item: Item) -> None:
    card = decode_card(item)
    _near(card.created_at)
    partition.cards.append(replace(card, fields={}))


def _request(partition: Partition, item: Item) -> None:
    bytes(item["body_hash"]["B"])
    partition.requests.append(Requested(item["sk"]["S"], item["generation_id"]["S"], _expiry(item)))


def _limit(partition: Partition, item: Item) -> None:
    accepted = decode_accepted(item)
    latest = max((at for times in accepted.windows.values() for at in times), default=accepted.last_at)
    partition.limit_swept_at = _expiry(item) if "expires_at" in item else None
    partition.limit_lapses_at = _near(datetime.fromtimestamp(latest / 1000, UTC))


def _day(partition: Partition, item: Item) -> None:
    values = unmarshal(item)
    day = _near(datetime.fromisoformat(_id(item))).date().isoformat()
    partition.days[day] = Day(
        int(values.get("generations", 0)),
        items.decode_usage(values),
        Decimal(values.get("own_cost_usd", 0)),
        "expires_at" in values and not _NOT_SPENT & values.keys(),
        "expires_at" in values,
    )


def _event(_partition: Partition, item: Item) -> None:
    decode_event(item)


def _erasure(partition: Partition, item: Item) -> None:
    partition.erasing_until = from_epoch(unmarshal(item)["not_before"])


TAKERS: dict[str, Callable[[Partition, Item], None]] = {
    "G#": _head,
    "I#": _input,
    "S#": _step,
    "Y#": _key,
    "R#": _review,
    "C#": _card,
    "K#": _request,
    "L#": _limit,
    "U#": _day,
    "E#": _event,
    "X#": _erasure,
}


def created_at(generation_id: str) -> datetime | None:
    """Return the time when an id was made; None if it is not a UUIDv7."""
    digits = generation_id.replace("-", "")
    if len(digits) != 32 or digits[12:13] != "7":
        return None
    try:
        return _near(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(digits[:12], 16)))
    except (ValueError, OverflowError):
        return None
