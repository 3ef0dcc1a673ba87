"""Reads an owner's cards, one or page by page. Reads nothing of their generations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.http import cursor
from shared.http.problems import ProblemError
from shared.http.query import LABEL, Query
from shared.http.request import Request
from shared.http.response import Response
from shared.store.review import ReviewReader
from shared.view.card import card_etag, card_view
from shared.view.view import matches

if TYPE_CHECKING:
    from shared.view import schemas

_DEFAULT_LIMIT, _MAX_LIMIT = 20, 100
_READ_AT_MOST = 100
"""The read limit of one call if its filter matches few; the cursor continues."""


@dataclass(frozen=True, slots=True)
class CardsService:
    """Ordered by id, which is the order of acceptance. A page starts after the last card of the previous one."""

    reviews: ReviewReader

    def get(self, request: Request) -> Response:
        """Return one card; 304 if the caller already has it, 404 if it is not the caller's."""
        Query(request).check()
        card = self.reviews.get_card(request.owner, request.card_id)
        if card is None:
            raise ProblemError("card_not_found")
        headers = {"etag": card_etag(card)}
        if matches(request.header("if-none-match"), headers["etag"]):
            return Response(304, None, headers)
        return Response(200, card_view(card), headers)

    def page(self, request: Request) -> Response:
        """Return one page. It may be short or empty and still have a `next_cursor`: only null is the end.

        The work is bounded: at most 100 cards are read, however few match the session.
        """
        query = Query(request, "session_id", "limit", "cursor")
        session_id = query.matching("session_id", LABEL, "1 to 64 of the characters A-Z a-z 0-9 . _ : ~ -")
        limit = query.number("limit", 1, _MAX_LIMIT) or _DEFAULT_LIMIT
        after = query.cursor()
        query.check()
        cards, next_cursor = self._page(request.owner, session_id, limit, after)
        return Response(200, {"cards": cards, "next_cursor": next_cursor})

    def _page(
        self, owner: str, session_id: str | None, limit: int, after: str | None
    ) -> "tuple[list[schemas.Card], str | None]":
        cards: list[schemas.Card] = []
        last = after
        page = limit + 1 if session_id is None else _READ_AT_MOST
        for read, card in enumerate(self.reviews.cards(owner, after, page), start=1):
            passes = session_id in (None, card.session_id)
            if passes and len(cards) == limit:
                return cards, last and cursor.encode(last)
            if passes:
                cards.append(card_view(card))
            last = card.card_id
            if read >= max(_READ_AT_MOST, page):  # before the next is read, and a page with it
                return cards, cursor.encode(last)
        return cards, None
