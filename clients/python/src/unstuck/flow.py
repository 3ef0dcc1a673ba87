"""The client's logic as generators, which request a call or a pause and receive the result.

No input or output and no clock: `Client` and `AsyncClient` run the same flows.
"""

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unstuck.bell import Bell
from unstuck.errors import UnstuckError, WaitTimeoutError

CALL_SECONDS = 35.0
"""API Gateway answers within 30 s."""


@dataclass(slots=True)
class Owner:
    """The user of a call: set by the first try and checked by every retry. Never the token itself."""

    subject: str | None = None
    renewing: bool = False
    """The token was refused, and the next token replaces it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `authorized` means that it needs a token. `within_seconds` limits the whole response."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    authorized: bool = True
    within_seconds: float = CALL_SECONDS
    owner: Owner = field(default_factory=Owner)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Sleep:
    """A pause. With `until_new_token`, it ends as soon as there is a token other than the last one sent.

    With `until_news`, it ends when that rings, and the flow receives RUNG.
    """

    seconds: float
    until_new_token: bool = False
    until_news: Bell | None = None


SLEPT = Answer(0, {})
"""Sent to a flow when its pause is over."""
RUNG = Answer(1, {})
"""Sent to a flow when news ended its pause."""


type Flow[Result] = Generator[Request | Sleep, Answer, Result]
"""Yields a `Request` and receives its Answer, or an UnstuckError is thrown into it. Yields a `Sleep` and receives
SLEPT.

Returns the result or raises an UnstuckError.
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time and chance, so that tests can set them."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    """In [0, 1); spreads out calls that many clients would make at the same moment."""


def within[Result](flow: Flow[Result], seconds: float, around: Surroundings, generation_id: str) -> Flow[Result]:
    """Run a flow, but raise WaitTimeoutError if it is not done in `seconds`. It never sleeps longer."""
    until = around.monotonic() + seconds
    try:
        asked = next(flow)
        while True:
            left = until - around.monotonic()
            if left <= 0:
                raise WaitTimeoutError(generation_id)
            try:
                answer = yield _cut(asked, left)
            except UnstuckError as error:
                asked = flow.throw(error)
            else:
                asked = flow.send(answer)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        flow.close()


def _cut(asked: Request | Sleep, seconds: float) -> Request | Sleep:
    if isinstance(asked, Sleep):
        return replace(asked, seconds=min(asked.seconds, seconds))
    return replace(asked, within_seconds=min(asked.within_seconds, seconds))
