"""Models of each kind's output. The output of an unknown kind is a plain dict."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, ValidationInfo

type State = Literal["proposed", "accepted", "rejected"]


class Answered(BaseModel):
    """Base of the models. A field missing in a response is None, and not in `model_fields_set`."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)


class ReviewedSuggestion(Answered):
    """One suggestion with its owner's decision. `number` is its 1-based place in the reviewed list.

    Its other attributes are its kind's fields; `fields` has all of them.
    """

    number: int
    state: State
    card_id: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the suggestion's kind."""
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in _OF_SUGGESTIONS}


_OF_SUGGESTIONS = frozenset(ReviewedSuggestion.model_fields)


class ReviewedFlashcardsSuggestion(ReviewedSuggestion):
    """One card as the model proposes it, or as its owner edited it."""

    front: str
    back: str


class FlashcardsOutput(Answered):
    """The proposed cards, in the order of the text."""

    suggestions: list[ReviewedFlashcardsSuggestion]


class StoryChapter(Answered):
    """One chapter."""

    heading: str
    text: str


class StoryOutput(Answered):
    """The whole story."""

    title: str
    chapters: list[StoryChapter]


class Image(Answered):
    """A picture. Anybody with its URL may read it until `expires_at`; a later read of the generation gives another."""

    url: str
    expires_at: AwareDatetime
    content_type: str
    bytes: int
    sha256: str
    width: int
    height: int


class ImageOutput(Answered):
    """The pictures in the order in which they were drawn."""

    images: list[Image]


class AssistantSmartGoal(Answered):
    """A goal, restated, and how it meets each of the five criteria."""

    intent: Literal["smart_goal"]
    goal: str
    specific: str
    measurable: str
    achievable: str
    relevant: str
    time_bound: str


class AssistantTask(Answered):
    """One task, and its quadrant in Eisenhower's matrix."""

    task: str
    quadrant: Literal["do", "schedule", "delegate", "drop"]
    reason: str


class AssistantPrioritization(Answered):
    """Tasks in the order in which to do them, by quadrant."""

    intent: Literal["prioritization"]
    items: list[AssistantTask]


class AssistantUnknown(Answered):
    """The request cannot be answered: `reason` says what is missing."""

    intent: Literal["unknown"]
    reason: str


class AssistantOutput(Answered):
    """The answer, in the form that its `intent` names."""

    result: Annotated[AssistantSmartGoal | AssistantPrioritization | AssistantUnknown, Field(discriminator="intent")]


type Output = Annotated[
    FlashcardsOutput | StoryOutput | ImageOutput | AssistantOutput | dict[str, Any],
    Field(union_mode="left_to_right"),
]
"""The output; a plain dict for an unknown kind."""

OUTPUTS: Mapping[str, type[Answered]] = {
    "flashcards": FlashcardsOutput,
    "story": StoryOutput,
    "image": ImageOutput,
    "assistant": AssistantOutput,
}
"""The kinds that this client knows."""


def _of_its_kind(output: object, info: ValidationInfo) -> Any:
    """Return an output as its kind's model, whatever the names of its fields.

    It stays a dict for an unknown kind, and if a deployment changed a known kind.
    """
    if output is None or isinstance(output, Answered):
        return output
    if not isinstance(output, dict):
        raise ValueError("an output must be an object")
    model = OUTPUTS.get(str(info.data.get("kind")))
    try:
        return output if model is None else model.model_validate(output)
    except ValidationError:
        return output


type MadeByKind = Annotated[Output | None, PlainValidator(_of_its_kind, json_schema_input_type=Output | None)]
"""The output of a model whose `kind` is known."""


def reviewable(output: Answered | dict[str, Any] | None, reviews: str | None) -> list[ReviewedSuggestion]:
    """Return the suggestions of an output: the list that `reviews` names."""
    if output is None or reviews is None:
        return []
    found = output.get(reviews) if isinstance(output, dict) else getattr(output, reviews, None)
    return [
        each if isinstance(each, ReviewedSuggestion) else ReviewedSuggestion.model_validate(each)
        for each in found or ()
    ]
