"""The source of a client's token: called within a time limit, and able to tell a new token from the last."""

import contextvars
import inspect
import queue
import threading
from collections.abc import Awaitable, Callable

import anyio

from unstuck import wire
from unstuck.errors import TokenUnavailableError, UnstuckError
from unstuck.flow import Owner

_FAILED = "the token function raised {}; check that the user is signed in"
_SLOW = "the token function returned no token within {:.0f} s"


class Tokens:
    """Gives each call its token: a fixed one, or a function's result. Safe to share between threads."""

    def __init__(self, source: str | Callable[[], str | Awaitable[str]] | None) -> None:
        self._source = source
        self.renews = callable(source)
        """Whether another token may follow a refused one."""
        self.last: str | None = None
        """The last token sent."""

    def get(self, within_seconds: float) -> str | None:
        """Return the token. Raises ValueError for a fixed token that no header can hold, otherwise
        TokenUnavailableError."""
        if not callable(self._source):
            return None if self._source is None else wire.usable(self._source)
        return self._checked(_called(self._source, within_seconds))

    async def get_async(self, within_seconds: float) -> str | None:
        """The same if the function may be `async`. A plain function runs on the event loop and must not block."""
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
        """Bind a call with this token to its user. Raise AnotherUserError if it belongs to another user."""
        if token is not None:
            wire.claim(owner, token)
            self.last = token

    def is_new(self, token: str | None) -> bool:
        """Whether it differs from the last token sent."""
        return token is not None and token != self.last

    def _checked(self, found: object) -> str:
        try:
            return wire.usable(found)
        except ValueError as error:
            raise TokenUnavailableError(f"{error}; the token function returned it") from None


def _called(source: Callable[[], object], within_seconds: float) -> object:
    """Call the function in its own thread, with the caller's context, because a hanging call cannot be stopped."""
    answers: queue.SimpleQueue[tuple[object, Exception | None]] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put((source(), None))
        except Exception as error:  # noqa: BLE001 - the application's error, passed on to the waiting thread
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
