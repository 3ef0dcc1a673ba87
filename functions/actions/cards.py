"""The owner edits and deletes cards, even if their generation no longer exists."""

from dataclasses import dataclass, replace

from functions.actions.bodies import EditCard
from functions.actions.edits import edited, reviewed_of
from functions.actions.review import ReviewService
from shared.domain.errors import StoreUnavailableError
from shared.domain.review import Card, Decision
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.http.validation import read
from shared.kinds.contract import Catalog
from shared.store.review import ReviewStore
from shared.view.card import card_etag, card_view

_TRIES = 20


@dataclass(frozen=True, slots=True)
class CardService:
    """While a card's generation can be read, its suggestion changes with it, so the two never differ."""

    reviews: ReviewService
    store: ReviewStore
    kinds: Catalog

    def edit(self, request: Request) -> Response:
        """Edit the named fields of a card. An edit without changes gets the same response."""
        owner, card_id = request.owner, request.card_id
        edit = read(EditCard, request.json()).model_extra or {}
        for _ in range(_TRIES):
            card = self._card(owner, card_id)
            fields = edited(reviewed_of(self.kinds, card.kind), card.fields, edit) if edit else card.fields
            after = replace(card, fields=fields, version=card.version + 1)
            if fields == card.fields:
                return Response(200, card_view(card), {"etag": card_etag(card)})
            if self.reviews.decide_card(owner, card, Decision.ACCEPTED, edit):
                continue  # the card already has the requested state, or somebody else changed it; read again
            if self.store.edit_card(owner, after, card.version):
                return Response(200, card_view(after), {"etag": card_etag(after)})
        raise StoreUnavailableError("card lost every race")

    def delete(self, request: Request) -> Response:
        """Delete a card. If its suggestion can still be reviewed, it becomes rejected."""
        owner = request.owner
        card = self._card(owner, request.card_id)
        if not self.reviews.decide_card(owner, card, Decision.REJECTED, {}):
            self.store.delete_card(owner, card.card_id)
        return Response(204)

    def _card(self, owner: str, card_id: str) -> Card:
        card = self.store.get_card(owner, card_id)
        if card is None:
            raise ProblemError("card_not_found")
        return card
