"""The owner's decisions, one item a generation, and the cards: written together or not at all."""

from collections.abc import Iterator, Sequence
from typing import Any

from shared.domain import rows
from shared.domain.clock import epoch_milliseconds, from_epoch_milliseconds
from shared.domain.generation import SCHEMA_VERSION, Generation, GenerationKey
from shared.domain.review import Card, Decision, Review, ReviewChange, Verdict
from shared.store import items
from shared.store.ground import Ground
from shared.store.items import Item, marshal, unmarshal
from shared.store.move import Mover

_CARDS = "C#"


class ReviewReader:
    """Every read is strongly consistent."""

    def __init__(self, ground: Ground) -> None:
        self._table = ground.table

    def get_review(self, key: GenerationKey) -> Review:
        """Return the decisions so far, strongly read; none at all is a review of version 0."""
        item = self._table.get(_review_key(key))
        return Review() if item is None else decode_review(item)

    def get_reviews(self, keys: Sequence[GenerationKey]) -> dict[str, Review]:
        """Return the reviews of at most 100 generations by id, read in one call; absent is one that nobody began."""
        found = self._table.get_many(*map(_review_key, keys)) if keys else []
        pairs = zip(keys, found, strict=True)
        return {key.generation_id: decode_review(item) for key, item in pairs if item is not None}

    def cards(self, user_id: str, before: str | None, page: int) -> Iterator[Card]:
        """Yield the owner's cards, the newest first, only those older than the card `before` where it is given.

        `page` is how many are read at once.
        """
        found = self._table.query(
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=page,
            # BETWEEN takes both ends in; "~" sorts behind every id.
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=marshal(
                {":pk": user_id, ":first": _CARDS, ":last": f"{_CARDS}{'~' if before is None else before}"}
            ),
        )
        return (card for card in map(decode_card, found) if card.card_id != before)


class ReviewStore(ReviewReader):
    """A card has no time to live: it is the owner's own, and the generation that it came from may go."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._mover, self._settings = Mover(ground), ground.settings

    def review(self, head: Generation, change: ReviewChange) -> None:
        """Write a change of decisions with its cards. Its review follows the one that it was decided on.

        Raises TransitionRefusedError when another decided since, or the generation is gone: read again.
        """
        version = change.review.version
        review = _review_key(head.key) | marshal(
            {
                "version": version,
                "verdicts": items.pack(_encode_verdicts(change.review)),
                "schema_version": SCHEMA_VERSION,
                "expires_at": items.expiry(items.parts_expiry(head, self._settings)),
            }
        )
        beside = [
            {"Put": {"Item": review, **_as_read(version - 1)}},
            *({"Put": {"Item": _encode_card(head.user_id, card)}} for card in change.cards),
            *({"Delete": {"Key": _card_key(head.user_id, card_id)}} for card_id in change.dropped),
        ]
        self._mover.move_with(rows.REVIEW, head, None, beside)


def _as_read(version: int) -> Item:
    if version == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": marshal({":version": version}),
    }


def _review_key(key: GenerationKey) -> Item:
    return marshal({"pk": key.owner, "sk": f"R#{key.generation_id}"})


def _encode_verdicts(review: Review) -> dict[str, Any]:
    # Short and without what is absent: thirty edited cards stand in one item, which is paid for by the kilobyte.
    return {
        str(number): {
            name: value
            for name, value in (
                ("decision", str(verdict.decision)),
                ("front", verdict.front),
                ("back", verdict.back),
                ("card_id", verdict.card_id),
                ("decided_at", None if verdict.decided_at is None else epoch_milliseconds(verdict.decided_at)),
            )
            if value is not None
        }
        for number, verdict in review.verdicts.items()
    }


def decode_review(item: Item) -> Review:
    values = unmarshal(item)
    verdicts = {int(number): _decode_verdict(each) for number, each in items.unpack(values["verdicts"]).items()}
    return Review(int(values["version"]), verdicts)


def _decode_verdict(values: dict[str, Any]) -> Verdict:
    decided = values.get("decided_at")
    return Verdict(
        Decision(values["decision"]),
        values.get("front"),
        values.get("back"),
        values.get("card_id"),
        None if decided is None else from_epoch_milliseconds(decided),
    )


def _card_key(user_id: str, card_id: str) -> Item:
    return marshal({"pk": user_id, "sk": f"{_CARDS}{card_id}"})


def _encode_card(user_id: str, card: Card) -> Item:
    return _card_key(user_id, card.card_id) | marshal(
        {
            "generation_id": card.generation_id,
            "number": card.number,
            "front": card.front,
            "back": card.back,
            "created_at": card.created_at,
            "session_id": card.session_id,
            "schema_version": SCHEMA_VERSION,
        }
    )


def decode_card(item: Item) -> Card:
    values = unmarshal(item)
    return Card(
        card_id=values["sk"].removeprefix(_CARDS),
        generation_id=values["generation_id"],
        number=int(values["number"]),
        front=values["front"],
        back=values["back"],
        created_at=items.from_epoch(values["created_at"]),
        session_id=values.get("session_id"),
    )
