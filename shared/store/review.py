"""The owner's decisions, one item for each generation, and the cards. They are written together or not at all."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from shared.domain import rows
from shared.domain.clock import epoch_milliseconds, from_epoch_milliseconds
from shared.domain.errors import EditsTooLargeError
from shared.domain.generation import SCHEMA_VERSION, Generation, GenerationKey
from shared.domain.review import Card, Decision, Review, ReviewChange, Verdict
from shared.store import items
from shared.store.damage import if_readable, reading
from shared.store.ground import Ground
from shared.store.marshalling import Item, expiry, from_epoch, marshal, pack, unmarshal, unpack
from shared.store.move import Mover
from shared.store.table import ConditionFailedError
from shared.store.values import text_of, text_or_none

_CARDS = "C#"
_FIRST_KIND = "flashcards"
_OF_VERDICTS = frozenset({"decision", "card_id", "decided_at"})
_OF_CARDS = frozenset({"pk", "sk", "generation_id", "number", "created_at", "session_id", "schema_version"})
_MOST_IN_AN_ITEM, _MOST_AT_ONCE = 380 * 1024, 3_500 * 1024
"""Bytes of an item and of a transaction; DynamoDB takes 400 KB and 4 MB."""


class ReviewReader:
    """Every read is strongly consistent."""

    def __init__(self, ground: Ground) -> None:
        self._table = ground.table

    def get_review(self, key: GenerationKey) -> Review:
        """Return the decisions so far, strongly read. Without decisions, the review has version 0."""
        item = self._table.get(_review_key(key))
        with reading():
            return Review() if item is None else decode_review(item)

    def get_reviews(self, keys: Sequence[GenerationKey]) -> dict[str, Review | None]:
        """Return the reviews of at most 100 generations by id, read in one call.

        A generation without decisions is missing; an unreadable review is None.
        """
        found = self._table.get_many(*map(_review_key, keys)) if keys else []
        pairs = zip(keys, found, strict=True)
        return {key.generation_id: if_readable(partial(decode_review, item)) for key, item in pairs if item is not None}

    def get_card(self, user_id: str, card_id: str) -> Card | None:
        """Return an owner's card, strongly read; None if there is none."""
        item = self._table.get(_card_key(user_id, card_id))
        with reading():
            return None if item is None else decode_card(item)

    def cards(self, user_id: str, before: str | None, page: int) -> Iterator[Card]:
        """Yield the owner's cards, newest first; if `before` is given, only those older than that card.

        Unreadable cards are skipped.

        `page` is how many are read at once.
        """
        found = self._table.query(
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=page,
            # BETWEEN includes both ends; "~" sorts after every id.
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=marshal(
                {":pk": user_id, ":first": _CARDS, ":last": f"{_CARDS}{'~' if before is None else before}"}
            ),
        )
        cards = (if_readable(partial(decode_card, item)) for item in found)
        return (card for card in cards if card is not None and card.card_id != before)


class ReviewStore(ReviewReader):
    """A card has no time to live: it belongs to the owner and outlives its generation."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._mover, self._settings = Mover(ground), ground.settings

    def edit_card(self, user_id: str, card: Card, as_read: int) -> bool:
        """Write a card if it still has version `as_read`, and return whether it did. If not, read it again.

        Only for a card whose generation is gone; for all others the review decides. A deleted card stays deleted.
        """
        item = _bounded(_encode_card(user_id, card))
        try:
            self._table.put(item, **_as_read(as_read, there=True))
        except ConditionFailedError:
            return False
        return True

    def delete_card(self, user_id: str, card_id: str) -> None:
        """Delete a card. Deleting a missing card is not an error."""
        self._table.delete(_card_key(user_id, card_id))

    def review(self, head: Generation, change: ReviewChange) -> None:
        """Write a change of decisions with its cards. The new review must follow the review that it was based on.

        Raises TransitionRefusedError if another decision came first or the generation is gone; read again. Raises
        EditsTooLargeError if DynamoDB refuses the size.
        """
        version = change.review.version
        review = _review_key(head.key) | marshal(
            {
                "version": version,
                "verdicts": pack(_encode_verdicts(change.review)),
                "schema_version": SCHEMA_VERSION,
                "expires_at": expiry(items.parts_expiry(head, self._settings)),
            }
        )
        cards = [_bounded(_encode_card(head.user_id, card)) for card in change.cards]
        if sum(map(_packed, cards)) > _MOST_AT_ONCE:
            raise EditsTooLargeError
        beside = [
            {"Put": {"Item": _bounded(review), **_as_read(version - 1)}},
            *({"Put": {"Item": card}} for card in cards),
            *({"Delete": {"Key": _card_key(head.user_id, card_id)}} for card_id in change.dropped),
        ]
        self._mover.move_with(rows.REVIEW, head, None, beside)


def _packed(item: Item) -> int:
    return sum(len(bytes(item[name]["B"])) for name in ("verdicts", "fields") if name in item)


def _bounded(item: Item) -> Item:
    if _packed(item) > _MOST_IN_AN_ITEM:
        raise EditsTooLargeError
    return item


def _as_read(version: int, *, there: bool = False) -> Item:
    """Return the condition that an item has this version. Version 0 means no item, or one from before versions
    existed."""
    if version == 0:
        absent = "attribute_exists(pk) AND attribute_not_exists(#version)" if there else "attribute_not_exists(pk)"
        return {"ConditionExpression": absent} | (
            {"ExpressionAttributeNames": {"#version": "version"}} if there else {}
        )
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": marshal({":version": version}),
    }


def _review_key(key: GenerationKey) -> Item:
    return marshal({"pk": key.owner, "sk": f"R#{key.generation_id}"})


def _encode_verdicts(review: Review) -> dict[str, Any]:
    # Short names, and no missing values: one item holds thirty edited cards and is billed by the kilobyte.
    return {
        str(number): {
            name: value
            for name, value in (
                ("decision", str(verdict.decision)),
                ("edits", dict(verdict.edits) or None),
                ("card_id", verdict.card_id),
                ("decided_at", None if verdict.decided_at is None else epoch_milliseconds(verdict.decided_at)),
            )
            if value is not None
        }
        for number, verdict in review.verdicts.items()
    }


def decode_review(item: Item) -> Review:
    values = unmarshal(item)
    verdicts = {int(number): _decode_verdict(each) for number, each in unpack(values["verdicts"]).items()}
    return Review(int(values["version"]), verdicts)


def _decode_verdict(values: dict[str, Any]) -> Verdict:
    decision, card_id, decided = values["decision"], values.get("card_id"), values.get("decided_at")
    at = None if decided is None else from_epoch_milliseconds(decided)
    # Before kinds had their own fields, edits were stored beside the other fields.
    edits = values.get("edits") or {name: value for name, value in values.items() if name not in _OF_VERDICTS}
    return Verdict(Decision(decision), edits, card_id, at)


def _card_key(user_id: str, card_id: str) -> Item:
    return marshal({"pk": user_id, "sk": f"{_CARDS}{card_id}"})


def _encode_card(user_id: str, card: Card) -> Item:
    return _card_key(user_id, card.card_id) | marshal(
        {
            "kind": card.kind,
            "generation_id": card.generation_id,
            "number": card.number,
            "fields": pack(card.fields),
            "created_at": card.created_at,
            "session_id": card.session_id,
            "version": card.version,
            "schema_version": SCHEMA_VERSION,
        }
    )


def decode_card(item: Item) -> Card:
    values = unmarshal(item)
    packed = values.get("fields")
    # The first cards have neither kind nor version, and store their fields beside the others.
    old = {name: value for name, value in values.items() if name not in _OF_CARDS}
    return Card(
        card_id=values["sk"].removeprefix(_CARDS),
        kind=text_or_none(values, "kind") or _FIRST_KIND,
        generation_id=text_of(values, "generation_id"),
        number=int(values["number"]),
        fields=old if packed is None else unpack(packed),
        created_at=from_epoch(values["created_at"]),
        session_id=text_or_none(values, "session_id"),
        version=int(values.get("version", 0)),
    )
