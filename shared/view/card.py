"""A card as its owner sees it over HTTP, and the ETag of its state."""

from typing import TYPE_CHECKING, Any, cast

from shared.domain.review import Card
from shared.view.view import iso

if TYPE_CHECKING:
    from shared.view import schemas


def card_view(card: Card) -> "schemas.Card":
    """Return the card: the common fields, and the fields of its kind."""
    shown: dict[str, Any] = {
        "card_id": card.card_id,
        "kind": card.kind,
        "generation_id": card.generation_id,
        "number": card.number,
        **card.fields,
        "created_at": iso(card.created_at),
    }
    if card.session_id is not None:
        shown["session_id"] = card.session_id
    return cast("schemas.Card", shown)


def card_etag(card: Card) -> str:
    """Return the ETag of this state. Each write changes it."""
    return f'"{card.version}"'
