"""Where a client's token comes from: asked within a time limit, and known again by those who wait for another."""

import contextvars
import inspect
import queue
import threading
from collections.abc import Awaitable, Callable

import anyio

from unstuck import wire
from unstuck.errors import TokenUnavailableError, UnstuckError
from unstuck.flow import Owner

_FAILED = "the token function raised {}: is the user signed in?"
_SLOW = "the token function gave no token in {:.0f} s"


class Tokens:
    """Gives the token of each call: a fixed one, or what a function returns. Safe to share between threads."""

    def __init__(self, source: str | Callable[[], str | Awaitable[str]] | None) -> None:
        self._source = source
        self.renews = callable(source)
        """Whether a token that is refused may be followed by another."""
        self.last: str | None = None
        """The one that was sent last."""

    def get(self, within_seconds: float) -> str | None:
        """Return the token. A fixed one that no header can hold is a ValueError, all else a TokenUnavailableError."""
        if not callable(self._source):
            return None if self._source is None else wire.usable(self._source)
        return self._checked(_called(self._source, within_seconds))

    async def get_async(self, within_seconds: float) -> str | None:
        """The same where the function may be `async`; one that is not runs on the event loop, and must not wait."""
        if not callable(self._source):
            return self.get(within_seconds)
        try:
            found = self._source()
            if inspect.isawaitable(found):
                with anyio.fail_after(within_seconds):
                    found = await found
        except TimeoutError as error:
            raise TokenUnavailableError(_SLOW.format(within_seconds)) from error
        except Exception as error:  # the application's own
            raise TokenUnavailableError(_FAILED.format(type(error).__name__)) from error
        return self._checked(found)

    def claim(self, owner: Owner, token: str | None) -> None:
        """Bind a call that goes out with this token to its user; raise AnotherUserError when it is another's."""
        if token is not None:
            wire.claim(owner, token)
            self.last = token

    def is_new(self, token: str | None) -> bool:
        """Whether it is another than the one that was sent last."""
        return token is not None and token != self.last

    def _checked(self, found: object) -> str:
        try:
            return wire.usable(found)
        except ValueError as error:
            raise TokenUnavailableError(f"{error}; the token function gave it") from None


def _called(source: Callable[[], object], within_seconds: float) -> object:
    """Call the function in a thread of its own, with the caller's context, since a call that hangs cannot be ended."""
    answers: queue.SimpleQueue[tuple[object, Exception | None]] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put((source(), None))
        except Exception as error:  # noqa: BLE001 - the application's own, handed over to the thread that waits
            answers.put((None, error))

    threading.Thread(target=contextvars.copy_context().run, args=(call,), daemon=True).start()
    try:
        found, error = answers.get(timeout=within_seconds)
    except queue.Empty:
        raise TokenUnavailableError(_SLOW.format(within_seconds)) from None
    if isinstance(error, UnstuckError):
        raise error
    if error is not None:
        raise TokenUnavailableError(_FAILED.format(type(error).__name__)) from error
    return found
