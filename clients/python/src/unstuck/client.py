"""The blocking client. The flows define each call and its retries; this module runs them."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from unstuck import channel, following, operations, wire
from unstuck.account import Erasure, Health, LiveTicket, UsageOfMonth
from unstuck.errors import ClosedError, TokenUnavailableError, UnreachableError, UnstuckError
from unstuck.exchange import Conditions
from unstuck.flow import RUNG, SLEPT, Answer, Flow, Request, Sleep
from unstuck.following import Changes, OnPartial, Polling, Stream
from unstuck.models import Accepted, Card, Cards, Feed, GenerationDetail, Input, ListedGeneration, Reviewed, Timeline
from unstuck.operations import Body, Fields
from unstuck.outputs import ReviewedSuggestion, State
from unstuck.requests import DecideNumbered
from unstuck.statuses import Status
from unstuck.tokens import Tokens


class Client:
    """Talks to one deployment as one user. Safe to share between threads; close it, or use it in a `with`.

    `token` is the user's token, or a function that returns it. The client calls the function before every call, and
    again if a token was refused. The client retries transient errors, as `conditions` set, and then raises an
    UnstuckError.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str] | None = None,
        *,
        conditions: Conditions | None = None,
        changes: Changes | None = None,
        live: bool = True,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = wire.address(base_url)
        self._tokens = Tokens(token)
        self._conditions = replace(conditions or Conditions(), renews_tokens=self._tokens.renews)
        self._changes, self._channel = channel.over(
            changes or Polling(), self._conditions.around, wanted=live and transport is None
        )
        self._sleep = sleep
        self._http = httpx.Client(transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._channel is not None:
            self._channel.close()
        self._http.close()

    def create(self, request: Body, *, idempotency_key: str | None = None) -> Accepted:
        """Start a generation. `request` is a model such as CreateFlashcards, or a mapping for a kind of your own.

        Retries send the same Idempotency-Key, yours or a generated one, so that nothing starts twice.
        """
        return self._run(operations.create(self._conditions, request, idempotency_key))

    def create_and_wait(
        self,
        request: Body,
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float | None = None,
        check: bool = True,
        on_partial: OnPartial | None = None,
    ) -> GenerationDetail:
        """Start a generation and return it once it has ended. See `create` and `wait`."""
        return self._run(
            following.create_and_wait(
                request, self._changes, self._conditions, idempotency_key, timeout_seconds, check, on_partial
            )
        )

    def wait(
        self,
        generation_id: str,
        *,
        timeout_seconds: float | None = None,
        check: bool = True,
        on_partial: OnPartial | None = None,
    ) -> GenerationDetail:
        """Return a generation once it has ended.

        Raises GenerationFailedError or GenerationCanceledError, unless `check` is False. Raises WaitTimeoutError if it
        is still open after `timeout_seconds`; it continues, and you can wait again.
        """
        return self._run(
            following.wait(
                following.watch(generation_id, self._changes, self._conditions, timeout_seconds, on_partial), check
            )
        )

    def watch(
        self, generation_id: str, *, timeout_seconds: float | None = None, on_partial: OnPartial | None = None
    ) -> Iterator[GenerationDetail]:
        """Iterate over a generation's changes as they arrive, each newer than the one before. The last one is its end.

        A heartbeat is a change, too. A failed or canceled end raises nothing. Raises WaitTimeoutError as `wait` does.
        `on_partial` gets the text while the model writes it, if there is a live connection.
        """
        return self._each(following.watch(generation_id, self._changes, self._conditions, timeout_seconds, on_partial))

    def get(
        self, generation_id: str, *, expected_progress: int | None = None, min_version: int | None = None
    ) -> GenerationDetail:
        """Return a generation's current state. Pass `expected_progress` or `min_version` if you have seen newer state;
        see `stale`."""
        return self._run(operations.get(self._conditions, generation_id, expected_progress, min_version))

    def events(self, generation_id: str, *, results: bool = False) -> Timeline:
        """Return a generation's timeline, with the steps' results if requested."""
        return self._run(operations.events(self._conditions, generation_id, results))

    def input(self, generation_id: str) -> Input:
        """Return the generation's input."""
        return self._run(operations.input_of(self._conditions, generation_id))

    def cancel(self, generation_id: str) -> GenerationDetail:
        """Cancel an open generation and return its new state. An ended generation stays unchanged."""
        return self._run(operations.cancel(self._conditions, generation_id))

    def retry(
        self,
        generation_id: str,
        *,
        start: Literal["stored", "start"] = "stored",
        user_provided_key: str | None = None,
    ) -> Accepted:
        """Retry a failed or canceled generation as a new one. A second call returns the same new generation."""
        return self._run(operations.retry(self._conditions, generation_id, start, user_provided_key))

    def dismiss(self, generation_id: str) -> None:
        """Remove an ended generation from the feed."""
        return self._run(operations.dismiss(self._conditions, generation_id))

    def decide(
        self,
        generation_id: str,
        number: int,
        decision: State,
        **edit: Any,
    ) -> ReviewedSuggestion:
        """Accept, reject or re-propose one suggestion. Accepting creates its card.

        Further arguments, such as `front=...`, edit the suggestion's own fields.
        """
        return self._run(operations.decide(self._conditions, generation_id, number, decision, edit))

    def decide_many(self, generation_id: str, decisions: Iterable[DecideNumbered]) -> Reviewed:
        """Decide on 1 to 30 suggestions, all or none."""
        return self._run(operations.decide_many(self._conditions, generation_id, decisions))

    def feed_page(
        self,
        *,
        session_id: str | None = None,
        status: Status | None = None,
        kind: str | None = None,
        fields: Fields | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Feed:
        """Return one page of generations, newest first, without dismissed ones.

        With `fields="output"`, each succeeded one includes its output, if it is small enough for a list.
        """
        return self._run(operations.generations(self._conditions, session_id, status, kind, fields, limit, cursor))

    def feed(
        self,
        *,
        session_id: str | None = None,
        status: Status | None = None,
        kind: str | None = None,
        fields: Fields | None = None,
        page_size: int | None = None,
    ) -> Iterator[ListedGeneration]:
        """Iterate over all generations, newest first. Pages are read on demand. See `feed_page`."""
        return self._each(following.feed(self._conditions, session_id, status, kind, fields, page_size))

    def cards_page(
        self, *, session_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Cards:
        """Return one page of cards, newest first."""
        return self._run(operations.cards(self._conditions, session_id, limit, cursor))

    def cards(self, *, session_id: str | None = None, page_size: int = 50) -> Iterator[Card]:
        """Iterate over all cards, newest first. Pages are read on demand."""
        return self._each(following.cards(self._conditions, session_id, page_size))

    def card(self, card_id: str) -> Card:
        """Return one card, even if its generation no longer exists."""
        return self._run(operations.card(self._conditions, card_id))

    def edit_card(self, card_id: str, **edit: Any) -> Card:
        """Edit fields of a card, such as `front=...`, and return its new state."""
        return self._run(operations.edit_card(self._conditions, card_id, edit))

    def delete_card(self, card_id: str) -> None:
        """Delete one card. If its suggestion can still be reviewed, it becomes rejected."""
        return self._run(operations.delete_card(self._conditions, card_id))

    def usage(self, *, month: str | None = None) -> UsageOfMonth:
        """Return a month's usage (`2026-01`; default: this month) and the state of each limit."""
        return self._run(operations.usage(self._conditions, month))

    def open_live(self) -> LiveTicket:
        """Return a ticket to a WebSocket that pushes changes. Tries once; raises a 404 if the deployment has none."""
        return self._run(operations.open_live(self._conditions))

    def erase_me(self) -> Erasure:
        """Erase all data of the caller. Until `done` is true, call again after `retry_after_seconds`."""
        return self._run(operations.erase(self._conditions))

    def health(self) -> Health:
        """Return the deployment's health. Needs no token."""
        return self._run(operations.health(self._conditions))

    def openapi(self) -> dict[str, Any]:
        """Return the API's OpenAPI document. Needs no token."""
        return self._run(operations.openapi(self._conditions))

    def _each[Item](self, stream: Stream[Item]) -> Iterator[Item]:
        while (item := self._run(stream.take())) is not None:
            yield item

    def _run[Result](self, flow: Flow[Result]) -> Result:
        try:
            asked = next(flow)
            while True:
                try:
                    answer = self._carry_out(asked)
                except UnstuckError as error:
                    asked = flow.throw(error)
                else:
                    asked = flow.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            flow.close()

    def _carry_out(self, asked: Request | Sleep) -> Answer:
        if isinstance(asked, Sleep):
            return self._pause(asked)
        until = time.monotonic() + asked.within_seconds
        token = self._tokens.get(asked.within_seconds) if asked.authorized else None
        self._tokens.claim(asked.owner, token)
        if self._http.is_closed:
            raise ClosedError
        request = wire.built(self._http, self._base_url, asked, token)
        try:
            response = self._http.send(request, stream=True)
            with closing(response):
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if time.monotonic() > until:  # httpx limits each wait, but a response may arrive slowly
                        raise UnreachableError(f"the response was not complete after {asked.within_seconds:.0f} s")
        except httpx.RequestError as error:
            raise wire.unreachable(error, token) from error
        return wire.answered(response, bytes(body))

    def _pause(self, asked: Sleep) -> Answer:
        left, renews = asked.seconds, asked.until_new_token and self._tokens.renews
        while left > 0:
            gap = min(left, wire.TOKEN_GAP_SECONDS) if renews else left
            if asked.until_news is None:
                self._sleep(gap)
            elif asked.until_news.wait(gap):
                return RUNG
            left -= gap
            with suppress(TokenUnavailableError):
                if renews and self._tokens.is_new(self._tokens.get(gap)):
                    break
        return SLEPT
