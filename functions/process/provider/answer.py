"""The answer of one call so far, and its evaluation once it has ended. Knows no wire format."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Any

from functions.process.provider.failures import (
    OUTPUT_EMPTY,
    OUTPUT_INVALID,
    OUTPUT_NO_PICTURE,
    OUTPUT_NOT_PICTURE,
    OUTPUT_NOT_TEXT,
    OUTPUT_REFUSED,
    OUTPUT_TOO_LARGE,
    OUTPUT_TRUNCATED,
    PROTOCOL_BROKEN,
    STREAM_CUT,
    CallFailure,
    of_finish,
)
from functions.process.provider.pictures import (
    DrawnPicture,
    NotAPictureError,
    PictureTooLargeError,
    Sketches,
)
from functions.process.provider.record import CallRecord, word_of
from functions.process.provider.report import Report, own_words
from functions.process.provider.request import Completion
from functions.process.provider.texts import Texts
from functions.process.provider.usage import Bill
from functions.process.provider.wordings import Finish, finish_of
from shared.domain.errors import ProviderError
from shared.domain.generation import Usage
from shared.domain.model_prices import ModelPrice

MOST_CHARACTERS = 1024 * 1024
"""The maximum of an answer's text, and of a tool's arguments."""


class State(Enum):
    """The state of an answer. Content after a finish still counts: it reopens the answer, as `REOPENED`."""

    OPEN = auto()
    FINISHED = auto()
    REOPENED = auto()
    DONE = auto()
    """The wire's final event has arrived."""


class AnswerReader:
    """Collects the parts of an answer, and evaluates them at the end.

    `price` is for tokens whose cost the server does not report. `progress` counts the received content, so that a
    waiting caller can tell silence from work.
    """

    def __init__(
        self,
        model: str,
        *,
        with_picture: bool = False,
        price: ModelPrice | None = None,
        record: CallRecord | None = None,
    ) -> None:
        self.record = record or CallRecord()
        self.progress = 0
        self.flowed = False
        self._model, self._with_picture, self._price = model, with_picture, price
        self._state = State.OPEN
        self._finish: Finish | None = None
        self._finishes = 0
        self._bill: Bill | None = None
        self._texts = Texts()
        self._sketches = Sketches()
        self._refused = self._odd = False
        self._reasoned = 0
        self._failure: CallFailure | None = None
        self._unpaid = False
        self._detail = ""
        self._retry_after_seconds: float | None = None

    @property
    def characters(self) -> int:
        """The length of the content and of the tools' arguments so far."""
        return self._texts.characters

    @property
    def done(self) -> bool:
        """Whether further events can change only the cost."""
        return self._state is State.DONE

    @property
    def finished(self) -> bool:
        """Whether the model has reported its end or an error, and sent nothing since."""
        return self._state in (State.FINISHED, State.DONE) or self._failure is not None

    @property
    def failed(self) -> bool:
        return self._failure is not None

    def settled(self) -> bool:
        """Whether the answer is complete if the connection breaks now. Reads the whole answer."""
        if self._failure is not None or self.done or self._refused:
            return True
        if self._finish is None or self._state is not State.FINISHED:
            return False
        return of_finish(self._finish) is not None or self._whole()

    # Called by the wire.

    def name(self, call_id: Any) -> None:
        self.record.called(call_id)

    def words_after(self, count: int) -> list[str]:
        """Return the pieces of the content that came after the first `count`."""
        return self._texts.pieces_after(count)

    def written_by(self, model: Any) -> None:
        self.record.written_by(model)

    def text(self, text: str) -> None:
        """Take more of the content."""
        if text:
            self._texts.add(text)
            self._grown()

    def tool(self, index: Any, arguments: str) -> None:
        """Take more of a tool's arguments: many servers return the form there."""
        self._texts.add_to_tool(index if isinstance(index, int | str) else 0, arguments)
        if arguments:
            self._grown()

    def whole_text(self, text: str) -> None:
        """Take the whole content at once. If parts came before, it repeats them."""
        if not self._texts.has_content:
            self.text(text)

    def reasoning(self, length: int) -> None:
        """Record that the model is thinking, which is not content but costs the same."""
        if length:
            self._reasoned += length
            self._alive()

    def picture(self, link: Any, *, index: Any = None, draft: bool = False) -> None:
        if self._with_picture:
            self._alive()
            try:
                self._sketches.add(link, index=index, draft=draft)
            except PictureTooLargeError:
                self.fail(OUTPUT_TOO_LARGE)
            except NotAPictureError:
                self.fail(OUTPUT_NOT_PICTURE)

    def refuse(self) -> None:
        self._refused = True

    def finish(self, reason: Any) -> None:
        """Take the reason why the model stopped. Ignores unknown reasons."""
        self.record.finished(reason)
        finish = finish_of(reason)
        if finish is not None:
            self._finish = finish
            self._finishes += self.flowed
            self._state = State.FINISHED if self._state is not State.DONE else self._state

    def bill(self, bill: Bill | None) -> None:
        if bill is not None:
            self._bill = self._bill.updated(bill) if self._bill else bill

    def end(self) -> None:
        """Take the wire's final event."""
        self._state = State.DONE

    def odd(self) -> None:
        """Record something outside the protocol. It matters only if there is no complete answer."""
        self._odd = True

    def fail(
        self,
        failure: CallFailure,
        detail: str = "",
        retry_after_seconds: float | None = None,
        *,
        refused: bool = False,
        report: Report | None = None,
    ) -> None:
        """Record how the call failed. The first failure counts, and takes precedence over any text. `refused` means
        that the server refused the call, which costs nothing before the first token. `report` is the server's report of
        it."""
        if self._failure is None:
            if report is not None:
                self.record.failed(next(filter(None, map(word_of, own_words(report.body))), None), report.body)
            self._failure, self._detail = failure, detail
            self._retry_after_seconds = retry_after_seconds
            self._unpaid = refused and not self.flowed

    # The evaluation.

    def completion(self) -> Completion:
        """Return the complete answer. Raises the ProviderError that says why there is none."""
        if self._failure:
            raise self._error(self._failure)
        if self._refused:
            raise self._error(OUTPUT_REFUSED)
        if self._finish is None:
            # If nothing is missing, the wire's final event counts as a finish; the end of a connection does not.
            if not (self.done and self._whole()):
                raise self._error(PROTOCOL_BROKEN if self._odd and not self.flowed else STREAM_CUT)
        elif failure := of_finish(self._finish):
            raise self._error(failure, self._thought(failure))
        elif self._finishes > 1 and not self.done and not self._whole():
            # Every chunk has the finish, so an answer that the connection cut off is incomplete.
            raise self._error(STREAM_CUT)
        try:
            return (self._drawn() if self._with_picture else None) or self._written()
        except UnicodeDecodeError:
            pass  # it holds the whole text, so it must not become the context of the error below
        raise self._error(OUTPUT_INVALID)

    def _written(self) -> Completion:
        if self._with_picture:
            raise self._error(OUTPUT_NO_PICTURE)
        text = self._texts.form(by_tool=self._finish is Finish.TOOL)
        if text is None:
            raise self._error(OUTPUT_NOT_TEXT)
        if not text.strip():
            raise self._error(OUTPUT_EMPTY, self._thought(OUTPUT_EMPTY))
        return self._completion(text, ())

    def _drawn(self) -> Completion | None:
        try:
            pictures = tuple(self._sketches.pictures())
        except PictureTooLargeError:
            failure = OUTPUT_TOO_LARGE
        except NotAPictureError:
            failure = OUTPUT_NOT_PICTURE
        else:
            return self._completion(self._texts.content(), pictures) if pictures else None
        raise self._error(failure)

    def _completion(self, text: str, pictures: Sequence[DrawnPicture]) -> Completion:
        bill = self._bill or Bill(Usage(calls=1))
        usage = self._priced(bill, len(pictures))
        missing = not bill.cost_told and self._price is not None and not self._price.free and usage == Usage(calls=1)
        told = bill.cost_told or self._price is not None
        model = self.record.answered_by or self._model
        return Completion(text, self.record.call_id, model, usage, tuple(pictures), told, missing)

    def _whole(self) -> bool:
        return self._sketches.whole() if self._with_picture else self._texts.whole()

    def _grown(self) -> None:
        self._alive()
        if self.characters > MOST_CHARACTERS and not self._with_picture:
            self.fail(OUTPUT_TOO_LARGE)

    def _alive(self) -> None:
        self.flowed = True
        self.progress += 1
        if self._state is State.FINISHED:
            self._state = State.REOPENED

    def _thought(self, failure: CallFailure) -> str:
        """Say how much of a missing answer went into the model's thinking."""
        tokens = self._bill.reasoning_tokens if self._bill else 0
        if failure not in (OUTPUT_TRUNCATED, OUTPUT_EMPTY) or not (tokens or self._reasoned):
            return ""
        return f"{tokens} tokens went into thinking" if tokens else "it was thinking"

    def _error(self, failure: CallFailure, detail: str = "") -> ProviderError:
        usage = None if self._bill is None or self._bill.blank else self._priced(self._bill, 0)
        return failure.raised(
            detail or self._detail,
            retry_after_seconds=self._retry_after_seconds,
            usage=usage,
            unpaid=self._unpaid and usage is None,
        )

    def _priced(self, bill: Bill, pictures: int) -> Usage:
        if bill.cost_told or self._price is None:
            return bill.usage
        return replace(bill.usage, cost_usd=self._price.of(bill.usage, pictures))
