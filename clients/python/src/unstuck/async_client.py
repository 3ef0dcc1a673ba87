"""The client for asyncio and trio. It has the calls and flows of `Client`, without blocking."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self

import anyio
import anyio.to_thread
import httpx

from unstuck import channel, following, operations, wire
from unstuck.account import Erasure, Health, LiveTicket, UsageOfMonth
from unstuck.client import Client
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


def _documented_as_client[Class: type](documented: Class) -> Class:
    """Copy each call's docstring from `Client`: it applies to both."""
    for name, call in vars(documented).items():
        if call.__doc__ is None and (text := getattr(getattr(Client, name, None), "__doc__", None)):
            call.__doc__ = text
    return documented


@_documented_as_client
class AsyncClient:
    """Talks to one deployment as one user. Close it with `aclose`, or use it in an `async with`.

    `token` is the user's token, or a function (`async` or not) that returns it. The client calls the function before
    every call, and again if a token was refused. The client retries transient errors, as `conditions` set, and then
    raises an UnstuckError.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str | Awaitable[str]] | None = None,
        *,
        conditions: Conditions | None = None,
        changes: Changes | None = None,
        live: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._base_url = wire.address(base_url)
        self._tokens = Tokens(token)
        self._conditions = replace(conditions or Conditions(), renews_tokens=self._tokens.renews)
        self._changes, self._channel = channel.over(
            changes or Polling(), self._conditions.around, wanted=live and transport is None
        )
        self._sleep = sleep
        self._http = httpx.AsyncClient(transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._channel is not None:
            await anyio.to_thread.run_sync(self._channel.close)
        await self._http.aclose()

    async def create(self, request: Body, *, idempotency_key: str | None = None) -> Accepted:
        return await self._run(operations.create(self._conditions, request, idempotency_key))

    async def create_and_wait(
        self,
        request: Body,
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float | None = None,
        check: bool = True,
        on_partial: OnPartial | None = None,
    ) -> GenerationDetail:
        return await self._run(
            following.create_and_wait(
                request, self._changes, self._conditions, idempotency_key, timeout_seconds, check, on_partial
            )
        )

    async def wait(
        self,
        generation_id: str,
        *,
        timeout_seconds: float | None = None,
        check: bool = True,
        on_partial: OnPartial | None = None,
    ) -> GenerationDetail:
        return await self._run(
            following.wait(
                following.watch(generation_id, self._changes, self._conditions, timeout_seconds, on_partial), check
            )
        )

    def watch(
        self, generation_id: str, *, timeout_seconds: float | None = None, on_partial: OnPartial | None = None
    ) -> AsyncIterator[GenerationDetail]:
        return self._each(following.watch(generation_id, self._changes, self._conditions, timeout_seconds, on_partial))

    async def get(
        self, generation_id: str, *, expected_progress: int | None = None, min_version: int | None = None
    ) -> GenerationDetail:
        return await self._run(operations.get(self._conditions, generation_id, expected_progress, min_version))

    async def events(self, generation_id: str, *, results: bool = False) -> Timeline:
        return await self._run(operations.events(self._conditions, generation_id, results))

    async def input(self, generation_id: str) -> Input:
        return await self._run(operations.input_of(self._conditions, generation_id))

    async def cancel(self, generation_id: str) -> GenerationDetail:
        return await self._run(operations.cancel(self._conditions, generation_id))

    async def retry(
        self,
        generation_id: str,
        *,
        start: Literal["stored", "start"] = "stored",
        user_provided_key: str | None = None,
    ) -> Accepted:
        return await self._run(operations.retry(self._conditions, generation_id, start, user_provided_key))

    async def dismiss(self, generation_id: str) -> None:
        return await self._run(operations.dismiss(self._conditions, generation_id))

    async def decide(
        self,
        generation_id: str,
        number: int,
        decision: State,
        **edit: Any,
    ) -> ReviewedSuggestion:
        return await self._run(operations.decide(self._conditions, generation_id, number, decision, edit))

    async def decide_many(self, generation_id: str, decisions: Iterable[DecideNumbered]) -> Reviewed:
        return await self._run(operations.decide_many(self._conditions, generation_id, decisions))

    async def feed_page(
        self,
        *,
        session_id: str | None = None,
        status: Status | None = None,
        kind: str | None = None,
        fields: Fields | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Feed:
        return await self._run(
            operations.generations(self._conditions, session_id, status, kind, fields, limit, cursor)
        )

    def feed(
        self,
        *,
        session_id: str | None = None,
        status: Status | None = None,
        kind: str | None = None,
        fields: Fields | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[ListedGeneration]:
        return self._each(following.feed(self._conditions, session_id, status, kind, fields, page_size))

    async def cards_page(
        self, *, session_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Cards:
        return await self._run(operations.cards(self._conditions, session_id, limit, cursor))

    def cards(self, *, session_id: str | None = None, page_size: int = 50) -> AsyncIterator[Card]:
        return self._each(following.cards(self._conditions, session_id, page_size))

    async def card(self, card_id: str) -> Card:
        return await self._run(operations.card(self._conditions, card_id))

    async def edit_card(self, card_id: str, **edit: Any) -> Card:
        return await self._run(operations.edit_card(self._conditions, card_id, edit))

    async def delete_card(self, card_id: str) -> None:
        return await self._run(operations.delete_card(self._conditions, card_id))

    async def usage(self, *, month: str | None = None) -> UsageOfMonth:
        return await self._run(operations.usage(self._conditions, month))

    async def open_live(self) -> LiveTicket:
        return await self._run(operations.open_live(self._conditions))

    async def erase_me(self) -> Erasure:
        return await self._run(operations.erase(self._conditions))

    async def health(self) -> Health:
        return await self._run(operations.health(self._conditions))

    async def openapi(self) -> dict[str, Any]:
        return await self._run(operations.openapi(self._conditions))

    async def _each[Item](self, stream: Stream[Item]) -> AsyncIterator[Item]:
        while (item := await self._run(stream.take())) is not None:
            yield item

    async def _run[Result](self, flow: Flow[Result]) -> Result:
        try:
            asked = next(flow)
            while True:
                try:
                    answer = await self._carry_out(asked)
                except UnstuckError as error:
                    asked = flow.throw(error)
                else:
                    asked = flow.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            flow.close()

    async def _carry_out(self, asked: Request | Sleep) -> Answer:
        if isinstance(asked, Sleep):
            return await self._pause(asked)
        until = time.monotonic() + asked.within_seconds
        token = await self._tokens.get_async(asked.within_seconds) if asked.authorized else None
        self._tokens.claim(asked.owner, token)
        if self._http.is_closed:
            raise ClosedError
        request = wire.built(self._http, self._base_url, asked, token)
        try:
            with anyio.fail_after(
                max(0.0, until - time.monotonic())
            ):  # httpx limits each wait, but a response may arrive slowly
                response = await self._http.send(request)
        except TimeoutError as error:
            raise UnreachableError(f"the response was not complete after {asked.within_seconds:.0f} s") from error
        except httpx.RequestError as error:
            raise wire.unreachable(error, token) from error
        return wire.answered(response, response.content)

    async def _pause(self, asked: Sleep) -> Answer:
        left, renews = asked.seconds, asked.until_new_token and self._tokens.renews
        while left > 0:
            gap = min(left, wire.TOKEN_GAP_SECONDS) if renews else left
            if asked.until_news is None:
                await self._sleep(gap)
            elif await asked.until_news.wait_async(gap):
                return RUNG
            left -= gap
            with suppress(TokenUnavailableError):
                if renews and self._tokens.is_new(await self._tokens.get_async(gap)):
                    break
        return SLEPT
