"""One call until it is answered: when it is repeated, after which pause, and when it is given up.

Every call of this API may be repeated: a create carries its Idempotency-Key, the others do nothing the second time.
"""

from dataclasses import dataclass, field

from unstuck.answers import error_of
from unstuck.errors import UnstuckError
from unstuck.flow import Answer, Flow, Request, Sleep, Surroundings


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying.

    A try that would begin later than `seconds` after the first is not made, nor more than `tries` of them. So a limit
    that asks for five minutes is an error at once, and one that asks for two seconds is waited for. Pauses begin with
    `base_seconds` and double up to `cap_seconds`, each drawn from its upper half; a Retry-After is kept to, and more.
    """

    seconds: float = 30.0
    tries: int | None = 4
    base_seconds: float = 0.5
    cap_seconds: float = 15.0

    def pause(self, error: UnstuckError, tries: int, spent_seconds: float, chance: float) -> float | None:
        """Return how long to wait before the next try, None when there is to be none."""
        if not error.retryable or (self.tries is not None and tries >= self.tries):
            return None
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(tries - 1, 30))
        pause = ceiling * (0.5 + chance / 2)
        if error.retry_after is not None:
            pause = max(pause, error.retry_after + chance * self.base_seconds)
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


def exchange(request: Request, conditions: Conditions, patience: Patience | None = None) -> Flow[Answer]:
    """Return the answer, which is 2xx or 304; raise the error that is left when patience is at its end."""
    patience = patience or conditions.calls
    began, tries, renewed = conditions.around.monotonic(), 0, False
    while True:
        tries += 1
        try:
            answer = yield request
            if 200 <= answer.status < 300 or answer.status == 304:
                return answer
            raise error_of(answer, conditions.around.now())
        except UnstuckError as error:
            if _may_renew(error, conditions) and not renewed:
                renewed = True
                continue
            spent = conditions.around.monotonic() - began
            pause = patience.pause(error, tries, spent, conditions.around.chance())
            if pause is None:
                raise
        yield Sleep(pause)


def _may_renew(error: UnstuckError, conditions: Conditions) -> bool:
    return conditions.renews_tokens and getattr(error, "status", None) == 401
