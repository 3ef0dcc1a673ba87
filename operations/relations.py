"""Invariants between the items of one owner. Pure. Only for a complete partition that did not change while it was
read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

from operations import findings as rules
from operations.checks import Expected
from operations.findings import Finding
from operations.partition import Day, Partition, created_at
from shared.domain.generation import Generation, StoredStep, Usage
from shared.domain.review import Decision
from shared.domain.states import Status


def between(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    """Yield the inconsistencies."""
    yield from _inputs(partition)
    yield from _steps(partition, now)
    yield from _successions(partition, expected, now)
    yield from _orphans(partition, expected, now)
    yield from _keys(partition, expected, now)
    yield from _reviews(partition, expected, now)
    yield from _days(partition, expected, now)


def _kept(partition: Partition, now: datetime) -> Iterator[Generation]:
    """Yield the heads whose parts must exist. Time to live deletes the items of an expired generation in any order."""
    for head in partition.heads.values():
        if head.expires_at is None or head.expires_at > now:
            yield head


def _inputs(partition: Partition) -> Iterator[Finding]:
    for head in partition.heads.values():
        if not head.terminal and head.generation_id not in partition.inputs:
            yield Finding(rules.INPUT_MISSING, partition.owner, f"G#{head.generation_id}", f"{head.status}")


def _steps(partition: Partition, now: datetime) -> Iterator[Finding]:
    for head in _kept(partition, now):
        item, steps = f"G#{head.generation_id}", partition.steps.get(head.generation_id, [])
        if head.steps_done > len(steps):
            detail = f"counts {head.steps_done}, stored {len(steps)}"
            yield Finding(rules.STEPS_MISSING, partition.owner, item, detail)
        elif head.status is Status.SUCCEEDED and head.output_step not in {step.name for step in steps}:
            yield Finding(rules.STEPS_MISSING, partition.owner, item, "its output is not stored")
        elif (off := _off_steps(head, steps)) is not None:
            yield Finding(rules.USAGE_OFF_STEPS, partition.owner, item, off)


def _off_steps(head: Generation, steps: list[StoredStep]) -> str | None:
    # A head's spend that is not wasted is in its steps. A step that it does not count may be included or not. The step
    # was stored after the last write of usage, and only the part that a begin_call showed is included.
    counted = _kept_cost(step for step in steps if step.position <= head.steps_done)
    stored = _kept_cost(steps)
    used = head.usage.kept_cost_usd
    # An open generation may be within a step, whose cost is in no item yet.
    if used < counted or (head.terminal and used > stored):
        return f"{used:f} USD used and not wasted, {counted:f} in the steps that it counts, {stored:f} in all"
    return None


def _kept_cost(steps: Iterable[StoredStep]) -> Decimal:
    return sum((step.usage.kept_cost_usd for step in steps), Decimal(0))


def _successions(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    for head in _kept(partition, now):
        item = f"G#{head.generation_id}"
        if head.retried_as is not None:
            new = partition.heads.get(head.retried_as)
            if new is None:
                if not _may_be_gone(head.retried_as, expected, now):
                    yield Finding(rules.RETRY_BROKEN, partition.owner, item, "its successor is missing")
            elif new.retry_of != head.generation_id:
                yield Finding(rules.RETRY_BROKEN, partition.owner, item, "its successor does not name it")
        old = partition.heads.get(head.retry_of or "")
        if old is not None and old.retried_as != head.generation_id:
            yield Finding(rules.RETRY_BROKEN, partition.owner, item, "the generation that it retries does not name it")


def _may_be_gone(generation_id: str, expected: Expected, now: datetime) -> bool:
    """Whether a generation with this id may have expired. No generation expires sooner."""
    created = created_at(generation_id)
    return created is None or now >= created + expected.retention


def _orphans(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    """Yield items that only an existing generation can have left.

    Inputs, and steps that a retry copies, are stored before their head. A head that was never stored is not a fault,
    and time to live deletes its parts.
    """
    left: dict[str, str] = {}
    copies = Counter(step.op for steps in partition.steps.values() for step in steps)
    for generation_id, steps in partition.steps.items():
        born = created_at(generation_id)
        # A copy has its source's mark. If the source is gone, its time decides: the copy was stored before the retry,
        # and clocks differ by less than a lease.
        own = (step for step in steps if copies[step.op] == 1)
        made = [step.name for step in own if born is not None and step.stored_at > born + expected.lease]
        if made:
            left[generation_id] = f"S#{generation_id}#{made[0]}"
    left |= {generation_id: f"R#{generation_id}" for generation_id in partition.reviews}
    left |= {each.generation_id: each.sort_key for each in partition.requests if each.expires_at > now}
    for generation_id, item in left.items():
        if generation_id not in partition.heads and not _may_be_gone(generation_id, expected, now):
            yield Finding(rules.HEAD_MISSING, partition.owner, item, f"of generation {generation_id}")


def _keys(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    for generation_id, expires_at in partition.keys.items():
        head = partition.heads.get(generation_id)
        if (head is None or head.terminal) and expires_at > now:
            detail = "its generation is missing" if head is None else f"its generation is {head.status}"
            yield Finding(rules.KEY_OUTLIVES, partition.owner, f"Y#{generation_id}", detail)
    for head in partition.heads.values():
        absent = head.own_key and not head.terminal and head.generation_id not in partition.keys
        if absent and now <= head.deadline_at + expected.patience:
            yield Finding(rules.KEY_MISSING, partition.owner, f"G#{head.generation_id}", f"{head.status}")


def _reviews(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    cards = {card.card_id: card for card in partition.cards}
    named: dict[str, tuple[str, int]] = {}
    for generation_id, review in partition.reviews.items():
        item, head = f"R#{generation_id}", partition.heads.get(generation_id)
        if head is not None and not head.reviewed:
            yield Finding(rules.REVIEW_UNMARKED, partition.owner, item, f"{len(review.verdicts)} decisions")
        for number, verdict in review.verdicts.items():
            if verdict.card_id is not None:
                named[verdict.card_id] = generation_id, number
            # After the generation expired, a card is deleted alone, and the decision expires unchanged.
            reviewable = head is not None and (head.expires_at is None or head.expires_at > now)
            accepted = reviewable and verdict.decision is Decision.ACCEPTED
            if accepted and verdict.card_id not in cards:
                yield Finding(rules.DECISION_WITHOUT_CARD, partition.owner, item, f"suggestion {number}")
    for card in partition.cards:
        # The card belongs to its owner for good; the decisions expire with their generation.
        gone = card.generation_id not in partition.reviews and _may_be_gone(card.generation_id, expected, now)
        if not gone and named.get(card.card_id) != (card.generation_id, card.number):
            detail = f"suggestion {card.number} of generation {card.generation_id}"
            yield Finding(rules.CARD_WITHOUT_DECISION, partition.owner, f"C#{card.card_id}", detail)


def _days(partition: Partition, expected: Expected, now: datetime) -> Iterator[Finding]:
    ended: dict[str, list[Generation]] = defaultdict(list)
    for head in partition.heads.values():
        if head.terminal and head.finished_at is not None:
            ended[head.finished_at.date().isoformat()].append(head)
    nothing = Day(0, Usage(), Decimal(0), stripped=False)
    for day in sorted({*ended, *partition.days}):
        used, heads = partition.days.get(day, nothing), ended[day]
        if used.stripped:
            continue  # an erasure reduced it to the spend that limits the owner
        item, missing = f"U#{day}", used.generations - len(heads)
        if missing < 0:
            detail = f"counts {used.generations} generations, {len(heads)} ended"
            yield Finding(rules.USAGE_OFF_DAY, partition.owner, item, detail)
        elif not missing and (differences := _differences(used, heads)):
            yield Finding(rules.USAGE_OFF_DAY, partition.owner, item, ", ".join(differences))
        elif missing and _began(day, now) + expected.retention > now:
            detail = f"counts {used.generations} generations, {len(heads)} are there"
            yield Finding(rules.USAGE_WITHOUT_HEADS, partition.owner, item, detail)


def _began(day: str, now: datetime) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), now.tzinfo)


def _differences(used: Day, heads: list[Generation]) -> list[str]:
    told = sum((head.usage for head in heads), Usage())
    own = sum((head.usage.cost_usd for head in heads if head.own_key), Decimal(0))
    pairs = [
        ("calls", used.usage.calls, told.calls),
        ("prompt tokens", used.usage.prompt_tokens, told.prompt_tokens),
        ("completion tokens", used.usage.completion_tokens, told.completion_tokens),
        ("USD", used.usage.cost_usd, told.cost_usd),
        ("USD wasted", used.usage.wasted_cost_usd, told.wasted_cost_usd),
        ("USD of the owner's keys", used.own_cost_usd, own),
    ]
    return [
        f"{name}: {on_day} on the day, {in_heads} in the heads"
        for name, on_day, in_heads in pairs
        if on_day != in_heads
    ]
