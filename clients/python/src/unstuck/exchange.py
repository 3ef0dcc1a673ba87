"""One call until it is answered: when it is repeated, after which pause, and when it is given up.

Every call of this API may be repeated: a create carries its Idempotency-Key, the others do nothing the second time.
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
"""A server may ask for a day; this is as long as a client stays silent."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying.

    A try that would begin later than `seconds` after the first is not made, nor more than `tries` of them. So a limit
    that asks for five minutes is an error at once, and one that asks for two seconds is waited for. Pauses begin with
    `base_seconds` and double up to `cap_seconds`, each drawn from its upper half; a Retry-After is kept to, for a
    minute at most. Of a create only the pauses count: one that times out is repeated under its key.
    """

    seconds: float = 30.0
    tries: int | None = 4
    base_seconds: float = 0.5
    cap_seconds: float = 15.0

    def pause(self, error: UnstuckError, tries: int, spent_seconds: float, chance: float) -> float | None:
        """Return how long to wait before the next try, None when there is to be none."""
        if self.tries is not None and tries >= self.tries:
            return None
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(tries - 1, 30))
        pause = ceiling * (0.5 + chance / 2)
        if error.retry_after is not None:
            pause = max(pause, min(error.retry_after, LONGEST_PAUSE_SECONDS) + chance * self.base_seconds)
        return pause if spent_seconds + pause <= self.seconds else None


CALLS = Patience()
WATCHING = Patience(seconds=120.0, tries=None)
"""Of who waits for a generation: a network that is away for a minute or two is no reason to give up."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all flows of one client share."""

    calls: Patience = CALLS
    watching: Patience = WATCHING
    renews_tokens: bool = False
    """The token comes from a function, which may give a fresh one when it is asked again. The client sets this."""
    around: Surroundings = field(default_factory=Surroundings)


def exchange[Result](
    request: Request,
    conditions: Conditions,
    reading: Callable[[Answer], Result],
    patience: Patience | None = None,
    outlasts: bool = False,
) -> Flow[Result]:
    """Return what a 2xx or 304 is read as; raise the error that is left when patience is at its end.

    With `outlasts` only the service's own word ends it: a refused token, and an answer that is none of the API's, are
    waited out too.
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
            request.owner.subject = None  # a look may go on under any token; what it shows is that user's own
        yield asked


def _may_repeat(error: UnstuckError, conditions: Conditions, is_create: bool, outlasts: bool) -> bool:
    if isinstance(error, BadAnswerError):
        return outlasts or is_create
    if outlasts and isinstance(error, ApiError) and error.code.startswith("http_"):
        return conditions.renews_tokens or not _is_of_token(error)
    return error.retryable


def _is_of_token(error: UnstuckError) -> bool:
    """Whether another token may do better."""
    if isinstance(error, UnreachableError):
        return error.token_expired
    return isinstance(error, UnauthorizedError | TokenUnavailableError)
