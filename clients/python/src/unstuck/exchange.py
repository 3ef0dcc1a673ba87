"""One call until it has a response: when to retry it, with which pauses, and when to give up.

Every call of this API is safe to retry: a create has its Idempotency-Key, and the others are idempotent.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from unstuck.answers import error_of
from unstuck.errors import (
    ApiError,
    BadAnswerError,
    TokenUnavailableError,
    UnauthorizedError,
    UnreachableError,
    UnstuckError,
)
from unstuck.flow import Answer, Flow, Request, Sleep, Surroundings

LONGEST_PAUSE_SECONDS = 60.0
"""The longest pause of the client, even if a server asks for a day."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep retrying.

    There are at most `tries` tries, and none begins later than `seconds` after the first. So a limit that asks for five
    minutes is an error at once, and the client waits for one that asks for two seconds. Pauses start at `base_seconds`
    and double up to `cap_seconds`, with jitter over the upper half. The client obeys a Retry-After of up to a minute.
    For a create, only the pauses count: after a timeout it is retried with its key.
    """

    seconds: float = 30.0
    tries: int | None = 4
    base_seconds: float = 0.5
    cap_seconds: float = 15.0

    def pause(self, error: UnstuckError, tries: int, spent_seconds: float, chance: float) -> float | None:
        """Return how long to wait before the next try; None if there is none."""
        if self.tries is not None and tries >= self.tries:
            return None
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(tries - 1, 30))
        pause = ceiling * (0.5 + chance / 2)
        if error.retry_after is not None:
            pause = max(pause, min(error.retry_after, LONGEST_PAUSE_SECONDS) + chance * self.base_seconds)
        return pause if spent_seconds + pause <= self.seconds else None


CALLS = Patience()
WATCHING = Patience(seconds=120.0, tries=None)
"""For waiting for a generation: a network outage of a minute or two is no reason to give up."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """State that all flows of one client share."""

    calls: Patience = CALLS
    watching: Patience = WATCHING
    renews_tokens: bool = False
    """The token comes from a function, which may return a new one. The client sets this."""
    around: Surroundings = field(default_factory=Surroundings)


def exchange[Result](
    request: Request,
    conditions: Conditions,
    reading: Callable[[Answer], Result],
    patience: Patience | None = None,
    outlasts: bool = False,
) -> Flow[Result]:
    """Return the result of a 2xx or 304. Raise the last error when the retries are used up.

    With `outlasts`, only the service's own refusal ends it: refused tokens and responses of other servers are retried,
    too.
    """
    patience, around = patience or conditions.calls, conditions.around
    began, paused, tries, renewed = around.monotonic(), 0.0, 0, False
    is_create = "idempotency-key" in request.headers
    while True:
        tries += 1
        try:
            answer = yield request
            request.owner.renewing = False
            if 200 <= answer.status < 300 or answer.status == 304:
                return reading(answer)
            raise error_of(answer, around.now())
        except UnstuckError as error:
            if conditions.renews_tokens and _is_of_token(error) and not renewed:
                renewed = request.owner.renewing = True
                continue
            spent = paused if is_create else around.monotonic() - began
            pause = patience.pause(error, tries, spent, around.chance())
            if pause is None or not _may_repeat(error, conditions, is_create, outlasts):
                raise
            asked = Sleep(pause, until_new_token=_is_of_token(error))
        paused, renewed = paused + pause, False
        if not is_create:
            request.owner.subject = None  # a read may continue with any token; it shows that user's own data
        yield asked


def _may_repeat(error: UnstuckError, conditions: Conditions, is_create: bool, outlasts: bool) -> bool:
    if isinstance(error, BadAnswerError):
        return outlasts or is_create
    if outlasts and isinstance(error, ApiError) and error.code.startswith("http_"):
        return conditions.renews_tokens or not _is_of_token(error)
    return error.retryable


def _is_of_token(error: UnstuckError) -> bool:
    """Whether another token may help."""
    if isinstance(error, UnreachableError):
        return error.token_expired
    return isinstance(error, UnauthorizedError | TokenUnavailableError)
