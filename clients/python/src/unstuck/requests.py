"""Models of the API's requests. They have the names and types. The service checks the bounds and reports the faults.

The user's own key is not in their repr.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from unstuck.outputs import State


class Asked(BaseModel):
    """Base of the models. Omitted fields are not sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    def body(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class CreateGeneration(Asked):
    """The fields that all kinds take beside their own."""

    model: str | None = None
    prompt_version: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    user_provided_key: str | None = Field(default=None, repr=False)
    """The user's own key for the model provider. Used for this generation only, and deleted when it ends."""


class CreateFlashcards(CreateGeneration):
    """A text of 1,000 to 10,000 characters; `count` is the maximum number of cards, `language` their language."""

    kind: Literal["flashcards"] = "flashcards"
    source_text: str
    count: int | None = None
    language: str | None = None


class CreateStory(CreateGeneration):
    """A premise of 20 to 2,000 characters, the number of chapters, and their language."""

    kind: Literal["story"] = "story"
    premise: str
    chapters: int | None = None
    language: str | None = None


class CreateImage(CreateGeneration):
    """A description of 3 to 2,000 characters, the number of pictures, and their format, such as `16:9`."""

    kind: Literal["image"] = "image"
    prompt: str
    count: int | None = None
    aspect_ratio: str | None = None


class CreateAssistant(CreateGeneration):
    """A sentence that says what help is wanted with, of 3 to 1,000 characters."""

    kind: Literal["assistant"] = "assistant"
    sentence: str


class Retry(Asked):
    """Where to start: at the first step that is not stored, or from the beginning; and the user's key."""

    from_: Literal["stored", "start"] = Field(default="stored", alias="from")
    user_provided_key: str | None = Field(default=None, repr=False)

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)


class Decide(Asked):
    """A decision on one suggestion. Further fields edit its own; omitted ones stay unchanged."""

    model_config = ConfigDict(extra="allow")

    decision: State

    def body(self) -> dict[str, Any]:
        """Return the JSON object to send. A field that is None is set to null."""
        return self.model_dump(mode="json")


class DecideNumbered(Decide):
    """The same in a list: with the number of the suggestion, its 1-based place in the output."""

    number: int


class DecideMany(Asked):
    """Several decisions: all or none."""

    decisions: list[DecideNumbered]

    def body(self) -> dict[str, Any]:
        return {"decisions": [decision.body() for decision in self.decisions]}
