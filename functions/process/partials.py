"""Shows a connected owner the model's text so far. Nothing is stored, and no work waits for it.

Each message is the whole readable part of one step's answer, so a lost, late or doubled one does no harm.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel
from pydantic_core import from_json

from functions.process.conversation import begins_to_repeat
from shared.aws.logs import logger
from shared.domain.clock import Clock
from shared.domain.errors import ConnectionGoneError, NotPostedError
from shared.domain.generation import Generation
from shared.kinds.contract import Prompt
from shared.view.frames import partial_frame

MOST_MESSAGES = 16
"""Of one call: the bound on what it costs."""
FIRST_SECONDS = 0.5
SHORTEST_SECONDS = 1.0
"""Nobody reads faster, and each message costs."""
SILENCE_SECONDS = 4.0
"""The longest time without a message, however little is new. In a slow call, a quarter of its duration so far, so that
its number of messages lasts."""
_MESSAGES_OF_A_USUAL_ANSWER = 8
_LOOK_AGAIN_SECONDS = 2.0
_FENCES = ("\ufeff", "```json", "```")


class Pace:
    """When the next message of a call is due. Pure; times are monotonic seconds."""

    def __init__(self, expected_characters: int, now: float) -> None:
        self._step = max(1, expected_characters // _MESSAGES_OF_A_USUAL_ANSWER)
        self._began, self._at, self._shown, self._sent = now, now, 0, 0

    def due_in(self, now: float, characters: int) -> float | None:
        """Return in how many seconds; None while there is nothing new, or no message is left."""
        if self._sent >= MOST_MESSAGES or characters <= self._shown:
            return None
        new = characters - self._shown
        if self._sent == 0 and new * 2 >= self._step:
            spacing = FIRST_SECONDS
        elif new >= self._step:
            spacing = SHORTEST_SECONDS
        else:
            spacing = max(SILENCE_SECONDS, (self._at - self._began) / 3)
        return max(0.0, self._at + spacing - now)

    def note(self, now: float, characters: int, *, sent: bool) -> None:
        self._at, self._shown = now, characters
        self._sent += sent

    def stop(self) -> None:
        self._sent = MOST_MESSAGES


class _Call:
    """One call's text so far."""

    def __init__(self, step: str, prompt: Prompt, result: type[BaseModel], now: float) -> None:
        self.step, self.prompt, self.result = step, prompt, result
        self.pace = Pace(prompt.expected_characters, now)
        self.pieces: list[str] = []
        self.characters = 0

    def text(self) -> str:
        """Return the text so far. A character of which only half has arrived is left out."""
        text = "".join(self.pieces)
        self.pieces = [text]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


class Partials:
    """One attempt's. A thread posts while the `with` block runs, from the first words on; it is joined at the end.

    `listeners` returns the owner's connections, `post` sends to one.
    """

    def __init__(
        self,
        head: Generation,
        listeners: Callable[[str], Sequence[str]],
        post: Callable[[str, bytes], None],
        clock: Clock,
    ) -> None:
        self._head, self._listeners, self._post, self._clock = head, listeners, post, clock
        self._news = threading.Condition()
        self._over = False
        self._call: _Call | None = None
        self._numbers: dict[str, int] = {}
        self._connected: Sequence[str] = ()
        self._looked_at = float("-inf")
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()  # what it sends takes 3 s at most

    def stop(self) -> None:
        """Begin no further message. Does not wait for the one that is under way."""
        with self._news:
            self._over = True
            self._news.notify()

    def of_call(self, step: str, prompt: Prompt, result: type[BaseModel]) -> Callable[[str], None]:
        """Return what takes each new piece of a call's text. It never waits, and never raises."""
        call = _Call(step, prompt, result, self._clock.monotonic())

        def on_words(piece: str) -> None:
            with self._news:
                call.pieces.append(piece)
                call.characters += len(piece)
                self._call = call
                if self._thread is None and not self._over:
                    self._thread = threading.Thread(target=self._run, name="partials", daemon=True)
                    self._thread.start()
                self._news.notify()

        return on_words

    def _run(self) -> None:
        try:
            while (due := self._next()) is not None:
                self._show(*due)
        except Exception as error:  # noqa: BLE001 - whatever it is, the work goes on without
            about = {"generation_id": self._head.generation_id, "error": type(error).__name__}
            logger().warning("what is written so far is not shown", extra=about)

    def _next(self) -> tuple[_Call, str] | None:
        """Wait for the next message that is due; None once all is over."""
        with self._news:
            while not self._over:
                call, wait = self._call, None
                if call is not None:
                    wait = call.pace.due_in(self._clock.monotonic(), call.characters)
                    if wait == 0:
                        return call, call.text()
                self._news.wait(wait)
            return None

    def _show(self, call: _Call, text: str) -> None:
        now = self._clock.monotonic()
        if now - self._looked_at >= _LOOK_AGAIN_SECONDS:
            self._connected, self._looked_at = self._listeners(self._head.user_id), now
        message = self._message(call, text) if self._connected else None
        call.pace.note(now, len(text), sent=message is not None)
        for connection_id in self._connected if message is not None else ():
            if self._over:
                return
            try:
                self._post(connection_id, message or b"")
            except (ConnectionGoneError, NotPostedError):
                continue  # `push` looks after connections, and the next message holds all of it

    def _message(self, call: _Call, text: str) -> bytes | None:
        output = so_far(text, call.result)
        if output is None:
            return None
        if begins_to_repeat(call.prompt, output):
            call.pace.stop()
            return None
        number = self._numbers.get(call.step, 0) + 1
        self._numbers[call.step] = number
        return partial_frame(self._head, call.step, number, output)


def so_far(text: str, result: type[BaseModel]) -> dict[str, Any] | None:
    """Return the fields of `result` that can be read by now; None while there are none."""
    text = text.lstrip()
    for fence in _FENCES:
        text = text.removeprefix(fence).lstrip()
    try:
        found = from_json(text, allow_inf_nan=False, allow_partial="trailing-strings")
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    names = {field.alias or name for name, field in result.model_fields.items()}
    return {name: value for name, value in found.items() if name in names} or None
