"""What one call has answered so far, and what it comes to once nothing more will come."""

import json
from decimal import Decimal
from typing import Any

from functions.process.provider.figures import usage_of
from functions.process.provider.outcomes import (
    BY_FINISH,
    OUTPUT_EMPTY,
    OUTPUT_INVALID,
    OUTPUT_NO_IMAGE,
    OUTPUT_NOT_IMAGE,
    OUTPUT_REFUSED,
    OUTPUT_TOO_LARGE,
    PROTOCOL_BROKEN,
    STREAM_CUT,
    Outcome,
    of_error,
)
from functions.process.provider.pictures import (
    MOST_PICTURES,
    DrawnPicture,
    NotAPictureError,
    PictureTooLargeError,
    picture_of,
)
from functions.process.provider.request import Completion
from shared.domain.errors import ProviderError
from shared.domain.generation import Usage

LONGEST_NAME = 128


class Answer:
    """Collects chunks. `ended` is true once the model has said that it is done; only the bill may still follow."""

    def __init__(self, model: str, *, with_image: bool = False) -> None:
        self.call_id: str | None = None
        self.characters = 0
        self.done = False
        self._model = model
        self._usage: Usage | None = None
        self._parts: list[str] = []
        self._with_image = with_image
        self._images: list[DrawnPicture] = []
        self._refused = False
        self._finish: str | None = None
        self._failure: Outcome | None = None
        self._detail = ""
        self._retry_after_seconds: float | None = None

    @property
    def ended(self) -> bool:
        return self.done or self._finish is not None or self._failure is not None

    def fail(self, outcome: Outcome, detail: str = "", retry_after_seconds: float | None = None) -> None:
        """Record how the call failed. The first failure stands, and it wins over whatever text has come."""
        if self._failure is None:
            self._failure, self._detail = outcome, detail
            self._retry_after_seconds = retry_after_seconds

    def take(self, data: bytes) -> None:
        """Take the data of one event, or the body of an answer that is not a stream."""
        if data.strip() == b"[DONE]":
            self.done = True
            return
        try:
            # Decimal, since money must not pass through floats. Deep nesting and long integers raise here too.
            # A byte order mark before a whole answer is no fault of its JSON.
            chunk = json.loads(data.decode("utf-8-sig"), parse_float=Decimal)
        except UnicodeDecodeError:
            self.fail(OUTPUT_INVALID)
        except (ValueError, RecursionError):
            self.fail(PROTOCOL_BROKEN)
        else:
            self._take_chunk(chunk)

    def name(self, call_id: Any) -> None:
        """Remember the provider's id of this call. The first stands: the header's, which comes before all chunks."""
        if self.call_id is None and _is_name(call_id):
            self.call_id = call_id

    def completion(self) -> Completion:
        """Return the whole answer. Raises the ProviderError that says why there is none."""
        if self._failure:
            raise self._error(self._failure)
        if self._refused:
            raise self._error(OUTPUT_REFUSED)
        if self._finish is None:
            raise self._error(STREAM_CUT)
        if self._finish in BY_FINISH:
            raise self._error(BY_FINISH[self._finish])
        text = self._text()
        if self._with_image and not self._images:
            raise self._error(OUTPUT_NO_IMAGE)
        if not self._with_image and not text.strip():
            raise self._error(OUTPUT_EMPTY)
        return Completion(text, self.call_id, self._model, self._usage or Usage(calls=1), tuple(self._images))

    def _error(self, outcome: Outcome) -> ProviderError:
        return outcome.raised(
            self._detail,
            retry_after_seconds=self._retry_after_seconds,
            usage=self._usage,
            call_id=self.call_id,
        )

    def _take_chunk(self, chunk: Any) -> None:
        if not isinstance(chunk, dict):
            self.fail(PROTOCOL_BROKEN)
            return
        self.name(chunk.get("id"))
        if _is_name(chunk.get("model")):
            self._model = chunk["model"]
        # Some servers send a running bill: the last one counts.
        self._usage = usage_of(chunk.get("usage")) or self._usage
        if chunk.get("error"):
            self.fail(*of_error(chunk["error"]))
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._take_choice(choices[0])

    def _take_choice(self, choice: dict[str, Any]) -> None:
        if choice.get("error"):
            self.fail(*of_error(choice["error"]))
        if isinstance(choice.get("finish_reason"), str):
            self._finish = choice["finish_reason"]
        # A server that does not stream sends `message` where one that does sends `delta`.
        part = choice.get("delta") or choice.get("message")
        if not isinstance(part, dict):
            return
        self._refused = self._refused or bool(part.get("refusal"))
        content = part.get("content")
        if isinstance(content, str) and content:
            self._parts.append(content)
            self.characters += len(content)
        if self._with_image and isinstance(part.get("images"), list):
            self._take_images(part["images"])

    def _take_images(self, images: list[Any]) -> None:
        try:
            for image in images:
                if len(self._images) == MOST_PICTURES:
                    raise PictureTooLargeError
                self._images.append(picture_of(image))
        except PictureTooLargeError:
            self.fail(OUTPUT_TOO_LARGE)
        except NotAPictureError:
            self.fail(OUTPUT_NOT_IMAGE)

    def _text(self) -> str:
        try:
            # A character beyond the 16-bit plane may come as two escaped halves, even in two chunks: joined here.
            return "".join(self._parts).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            pass
        raise self._error(OUTPUT_INVALID)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isascii() and value.isprintable()
