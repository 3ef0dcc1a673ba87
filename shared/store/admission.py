"""Admits a new generation or refuses it. One write stores the key, the state of the owner's limits, and the head.

`shared.domain.limits` decides, purely. This module reads strongly and writes on the condition that nothing changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

from shared.domain import rows
from shared.domain.clock import epoch_milliseconds
from shared.domain.errors import AdmissionRefusedError, KeyReusedError, StoreUnavailableError
from shared.domain.generation import Generation, GenerationInput
from shared.domain.idempotency import IdempotencyKey
from shared.domain.limits import Accepted, Limit, Policy, Rate
from shared.domain.row import At
from shared.store import items, user_key
from shared.store.admission_items import StoredKey, decode_accepted, decode_key, encode_accepted, encode_key
from shared.store.ceilings import Ceilings
from shared.store.damage import reading
from shared.store.ground import Ground
from shared.store.keys import accepted_key, head_key, idempotency_key
from shared.store.marshalling import Item
from shared.store.move import refused
from shared.store.parts import Parts
from shared.store.table import ConditionFailedError, ConflictError

_TRIES = 30


@dataclass(frozen=True, slots=True)
class Admission:
    """The checks of a new generation: the deployment's policy (`limits.policy_of`) and the request's key, if any.

    `seal` returns the owner's provider key, encrypted, if the generation uses one. It is called at most once, and only
    after every limit allowed the request, because each call costs a KMS call.
    """

    policy: Policy
    key: IdempotencyKey | None = None
    seal: Callable[[], bytes] | None = field(default=None, repr=False)
    excused: bool = False
    """Whether no rate limit counts it, because it retries a failure that was not the owner's fault."""

    def limit_for(self, kind: str) -> Limit | None:
        """Return the rate limit that counts it; None if none does."""
        return None if self.excused else self.policy.limit_for(kind)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The result of an admission. Dispatch `head`; it is None if the key's request was admitted before, under this
    id."""

    generation_id: str
    head: Generation | None
    rate: Rate | None
    """The state of the owner's rate limit afterwards; None if no limit applies."""


class _RacesLostError(StoreUnavailableError):
    """Every try of the transaction conflicted with another write. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The items that were in the table before a try."""

    accepted: Accepted
    key: StoredKey | None
    head: Generation | None


class AdmissionStore:
    """`create` is the row of the table; `admit` is the same with all checks."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._table = ground, ground.table
        self._clock, self._settings = ground.clock, ground.settings
        self._ceilings = Ceilings(ground)

    def create(
        self,
        generation: Generation,
        content: GenerationInput | None,
        beside: Sequence[Item] = (),
        *,
        repeat_conflicts: bool = True,
    ) -> Generation:
        """Store a new generation: first its input, then the head, in a transaction. Returns the head.

        `generation.create_op` marks this request, so that a create whose response was lost recognises itself. `content`
        None means that the input is already stored. The time to live removes an input whose head was never stored.
        `beside` are further writes of the same transaction (`{"Put": {...}}`, as in TransactWriteItems, without the
        table's name). If the condition of one fails, ConditionFailedError has its place, counted from 1.
        """
        if content is not None:
            self._put_input(generation, content, Parts(self._ground, generation.key))
        generation = self._due(generation)
        head = items.encode_head(generation)
        try:
            self._table.transact(
                [{"Put": {"Item": head, "ConditionExpression": "attribute_not_exists(pk)"}}, *beside],
                mine=lambda item: item.get("create_op") == head["create_op"],  # rows.CREATE's mark
                repeat_conflicts=repeat_conflicts,
            )
        except ConditionFailedError as failed:
            if failed.index > 0:
                raise
            raise refused(rows.CREATE, failed) from failed
        return generation

    def admit(
        self,
        generation: Generation,
        content: GenerationInput | None,
        admission: Admission,
        *,
        beside: Sequence[Item] = (),
        inherit: Callable[[Parts], int] | None = None,
    ) -> Admitted:
        """Create a generation if its owner's limits allow one more, and store its key. Both happen or neither.

        Every limit is checked before anything is stored. Then follow the steps that `inherit` takes over (it returns
        how many the head counts), the input, and last the head. A refused request leaves nothing behind.

        If the key is known for the same request, the result names that request's generation; nothing is stored or
        counted. Raises KeyReusedError, AdmissionRefusedError, StoreUnavailableError if it lost every race, and what
        `create` and `inherit` raise. `content` and `beside` are those of `create`. A caller that detects duplicates
        through `beside` must also look for the duplicate if a limit refuses, because the duplicate may have reached the
        limit.
        """
        parts = Parts(self._ground, generation.key)
        admission = replace(admission, seal=admission.seal and cache(admission.seal))
        generation = replace(generation, own_key=admission.seal is not None)
        try:
            admitted = self._admit(generation, content, admission, beside, inherit, parts)
        except (AdmissionRefusedError, KeyReusedError, ConditionFailedError, _RacesLostError):
            parts.discard()  # each of these means that no head was stored; other errors leave that open
            raise
        if admitted.head is None:
            parts.discard()  # the same request was sent twice at once, and the other one was admitted
        return admitted

    def _admit(
        self,
        generation: Generation,
        content: GenerationInput | None,
        admission: Admission,
        beside: Sequence[Item],
        inherit: Callable[[Parts], int] | None,
        parts: Parts,
    ) -> Admitted:
        for attempt in range(1, _TRIES + 1):
            seen = self._seen(generation, admission.key, again=attempt > 1)
            told = self._told(generation, admission, seen)
            if told is not None:
                return told
            own, rate, left_usd = self._writes(generation, admission, seen)
            generation = replace(generation, left_cents=_cents(left_usd))
            if attempt == 1:
                generation = self._store_parts(generation, content, inherit, parts)
            try:
                head = self.create(generation, None, [*beside, *own], repeat_conflicts=False)
                return Admitted(head.generation_id, head, rate)
            except ConflictError:
                pass  # the reads may be out of date; read again
            except ConditionFailedError as failed:
                if failed.index <= len(beside):
                    raise
            self._table.pause(attempt)
        raise _RacesLostError("admission lost every race")

    def _store_parts(
        self,
        generation: Generation,
        content: GenerationInput | None,
        inherit: Callable[[Parts], int] | None,
        parts: Parts,
    ) -> Generation:
        try:
            if inherit is not None:
                generation = replace(generation, steps_done=inherit(parts))
            if content is not None:
                self._put_input(generation, content, parts)
        except Exception:  # for any error: no head was tried
            parts.discard()
            raise
        return generation

    def _put_input(self, generation: Generation, content: GenerationInput, parts: Parts) -> None:
        parts.put(items.encode_input(generation.key, content, items.parts_expiry(generation, self._settings)), "input")

    def _at(self, generation: Generation) -> At:
        return At(self._clock.now(), generation.create_op or "", self._settings)

    def _due(self, generation: Generation) -> Generation:
        return replace(generation, **rows.CREATE.sets(generation, self._at(generation), None))

    def _seen(self, generation: Generation, key: IdempotencyKey | None, *, again: bool) -> _Seen:
        owner = generation.user_id
        keys = [accepted_key(owner)]
        keys += [idempotency_key(owner, key.key)] if key else []
        # An earlier try may have succeeded although its response was lost.
        keys += [head_key(generation.key)] if again else []
        found = self._table.get_many(*keys)
        head = found[-1] if again else None
        stored = found[1] if key else None
        with reading():
            return _Seen(
                decode_accepted(found[0]),
                decode_key(stored, self._clock.now()) if stored else None,
                items.decode_head(head) if head else None,
            )

    def _told(self, generation: Generation, admission: Admission, seen: _Seen) -> Admitted | None:
        """Return the earlier admission of this request, by an earlier try or an earlier request."""
        limit = admission.limit_for(generation.kind)
        rate = seen.accepted.rate(limit, epoch_milliseconds(self._clock.now())) if limit else None
        if seen.head is not None and seen.head.create_op == generation.create_op:
            return Admitted(generation.generation_id, self._due(generation), rate)
        if seen.key is None or admission.key is None:
            return None
        if seen.key.body_hash != admission.key.body_hash:
            raise KeyReusedError
        return Admitted(seen.key.generation_id, None, rate)

    def _writes(
        self, generation: Generation, admission: Admission, seen: _Seen
    ) -> tuple[list[Item], Rate | None, Decimal | None]:
        """Return the writes that admit the generation if nothing changed since, the owner's rate limit afterwards, and
        what the nearest spending limit leaves. Raises AdmissionRefusedError."""
        policy, moment = admission.policy, self._clock.now()
        now, limit = epoch_milliseconds(moment), admission.limit_for(generation.kind)
        left_usd = self._ceilings.refuse(generation, policy, limit, seen.accepted, moment)
        writes, rate = [], None
        if limit or policy.counts_open:
            open_for = (generation.deadline_at - generation.created_at) // timedelta(milliseconds=1)
            op = generation.create_op or self._clock.token()
            taken = seen.accepted.take(policy, limit, now, open_for, op)
            rate = taken.rate(limit, now) if limit else None
            writes.append(encode_accepted(generation.user_id, taken, policy, replaces=seen.accepted))
        if admission.key:
            writes.append(encode_key(generation, admission.key, moment))
        if admission.seal is not None:
            writes.append(user_key.put(generation, admission.seal()))
        return writes, rate, left_usd


def _cents(left_usd: Decimal | None) -> int:
    """Return whole cents, and never 0, because 0 means that no limit applies."""
    return 0 if left_usd is None else max(1, int(left_usd * 100))
