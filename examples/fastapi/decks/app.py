"""An app's own server: it has Unstuck make decks for its users, and keeps a notice of each end.

A row is stored before Unstuck is called, so a server that was killed continues. A user's token is never stored: it is
in memory while something of theirs is open. Run one process, because only its own waiting requests see a new notice.
"""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from decks.store import Deck, Notice, Store
from unstuck import ApiError, AsyncClient, CreateFlashcards, UnstuckError

UNSTUCK_URL, JWT_ISSUER, JWT_AUDIENCE = (os.environ[name] for name in ("UNSTUCK_URL", "JWT_ISSUER", "JWT_AUDIENCE"))
KEY_SECONDS = 23 * 3600  # Unstuck remembers an Idempotency-Key for 24 hours


@dataclass(frozen=True)
class Session:
    """A user, as the token of a request names them."""

    user: str
    token: str
    expires_at: float


app = FastAPI(title="Decks")
store = Store(os.environ.get("DECKS_FILE", "decks.sqlite3"))
keys = jwt.PyJWKClient(f"{JWT_ISSUER.rstrip('/')}/.well-known/jwks.json")
sessions: dict[str, Session] = {}
tasks: dict[tuple[str, str, int], asyncio.Task[None]] = {}
news = asyncio.Condition()


def signed_in(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Session:
    """Verify the token, as Unstuck will. Its `sub` is the user here and the owner there."""
    token = bearer.credentials
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token, key, ["RS256", "ES256"], {"require": ["sub", "exp"]}, audience=JWT_AUDIENCE, issuer=JWT_ISSUER
        )
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "The token issuer cannot be reached.") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, "The token is not valid. Sign in again.") from error
    return Session(claims["sub"], token, claims["exp"])


SignedIn = Annotated[Session, Depends(signed_in)]


class NewDeck(BaseModel):
    """A page that names an `id` of its own can send the same deck again if no answer comes."""

    id: UUID = Field(default_factory=uuid4)
    text: str
    model: str | None = None


@app.post("/decks", status_code=202, response_model_exclude={"request"})
async def make(new: NewDeck, session: SignedIn) -> Deck:
    """Store a deck and have it made. Its end, whatever that is, will be a notice."""
    request = CreateFlashcards(source_text=new.text, model=new.model, session_id=str(new.id))
    store.add(str(new.id), session.user, request.body())
    follow(session)
    return deck_of(session, new.id)


@app.get("/decks/{deck_id}", response_model_exclude={"request"})
async def read(deck_id: UUID, session: SignedIn) -> Deck:
    """Return a deck, with its cards once it has them."""
    return deck_of(session, deck_id)


@app.post("/decks/{deck_id}/retry", status_code=202, response_model_exclude={"request"})
async def retry(deck_id: UUID, session: SignedIn) -> Deck:
    """Have a deck made again after a notice of a failure."""
    if not store.run_again(str(deck_id), session.user):
        raise HTTPException(409, "Only a deck that failed can be made again.")
    follow(session)
    return deck_of(session, deck_id)


@app.get("/notices")
async def notices(session: SignedIn, after: int = 0, wait: Annotated[int, Query(ge=0, le=25)] = 0) -> list[Notice]:
    """Return the user's notices after this number. If there is none, wait up to `wait` seconds for one."""
    follow(session)
    with suppress(TimeoutError):
        async with asyncio.timeout(wait), news:
            await news.wait_for(lambda: store.notices(session.user, after))
    return store.notices(session.user, after)


def deck_of(session: Session, deck_id: UUID) -> Deck:
    deck = store.deck(str(deck_id), session.user)
    if deck is None:
        raise HTTPException(404, "You have no such deck.")
    return deck


def follow(session: Session) -> None:
    """Bring the user's open decks to their ends, with this token until a request brings a newer one."""
    for deck in store.open(session.user):
        sessions[session.user] = session
        place = (deck.user, deck.id, deck.run)
        if place not in tasks:
            tasks[place] = asyncio.create_task(settle(deck))


async def settle(deck: Deck) -> None:
    """Write the notice of a deck's run. If the token expires first, the user's next request begins this again."""
    try:
        async with AsyncClient(UNSTUCK_URL, lambda: sessions[deck.user].token) as client:
            while sessions[deck.user].expires_at > time.time():
                try:
                    await write_end(client, deck)
                    break
                except UnstuckError:
                    await asyncio.sleep(5)  # it may pass: the client has retried, and gave up
    finally:
        del tasks[deck.user, deck.id, deck.run]
        if not any(user == deck.user for user, _, _ in tasks):
            del sessions[deck.user]


async def write_end(client: AsyncClient, deck: Deck) -> None:
    try:
        end = await client.wait(deck.generation_id or await start(client, deck), check=False)
    except ApiError as refusal:
        if not is_final(refusal):
            raise
        store.ended(deck, "failed", refusal.code)
    else:
        store.ended(deck, end.status, end.error.code if end.error else None, [card.fields for card in end.suggestions])
    async with news:
        news.notify_all()


def is_final(refusal: ApiError) -> bool:
    """Whether Unstuck has refused, such as at a limit of the user's, and not the token or a proxy."""
    return refusal.status < 500 and refusal.code != "token_expired" and not refusal.code.startswith("http_")


async def start(client: AsyncClient, deck: Deck) -> str:
    """Start a run, or find what an earlier call has started whose answer was lost. Store which generation it is."""
    if deck.retry_of is not None:
        generation_id = (await client.retry(deck.retry_of)).generation_id  # it has one retry, however often it is asked
    elif started := await of_forgotten_key(client, deck):
        generation_id = started
    else:
        generation_id = (await client.create(deck.request, idempotency_key=deck.id)).generation_id
    store.started(deck, generation_id)
    return generation_id


async def of_forgotten_key(client: AsyncClient, deck: Deck) -> str | None:
    """Return the generation of a create that is older than its key. It has the deck's id as its `session_id`."""
    if deck.created_at > time.time() - KEY_SECONDS:
        return None
    return next(iter([each.generation_id async for each in client.feed(session_id=deck.id)]), None)
