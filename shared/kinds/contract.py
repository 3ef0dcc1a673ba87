"""The contract of a kind, and the context that its `run` may use. Knows no AWS, no HTTP and no single kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

    from shared.domain.codes import Code
    from shared.domain.pictures import Picture


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one generation of a kind. `deadline_seconds` None means the deployment's own.

    `max_attempts` is how many attempts in a row may fail because of the provider; None means the deployment's
    MaxReleases plus the first attempt. MaxFruitlessAttempts limits crashes, for every kind. `max_completion_tokens` and
    `reasoning_effort` None mean the deployment's MaxCompletionTokens and ReasoningEffort. `usual_seconds` is the median
    time from create to end. It only affects when clients poll.
    """

    deadline_seconds: float | None = None
    max_attempts: int | None = None
    max_calls_per_step: int = 12
    max_cost_usd: float = 0.50
    call_reserve_usd: float = 0.02
    max_completion_tokens: int | None = None
    reasoning_effort: str | None = None
    usual_seconds: int = 15


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to the model: our own instructions, and the user's text as delimited data, never mixed.

    `schema_name` names the answer's JSON schema for the provider. `expected_characters` is the approximate length of
    the answer, and only affects progress.
    """

    system: str
    data: Mapping[str, str]
    schema_name: str
    expected_characters: int = 4_000


class Context(Protocol):
    """The context of a kind's `run`. Everything that `run` does outside its own code goes through it."""

    @property
    def prompt_version(self) -> str: ...

    def step[Result: BaseModel](
        self, name: str, result: type[Result], make: Callable[[], Result], *, progress: float
    ) -> Result:
        """Return the stored result of step `name`. If there is none, make it, store it, and show `progress`.

        A stored step never runs again, even after crashes. Use step names that do not change between attempts.
        """
        ...

    def call[Result: BaseModel](self, prompt: Prompt, result: type[Result]) -> Result:
        """Call the model, inside a step. If the answer does not fit `result`, the model gets one repair turn.

        While the answer streams, progress rises towards the step's. Raises errors that end the attempt; do not catch
        them.
        """
        ...

    def draw(self, prompt: Prompt, *, aspect_ratio: str = "1:1") -> "Picture":
        """Have the model draw a picture, inside a step, and store it. Return the picture's entry for the step's result.

        The owner gets a signed URL for each picture below `images` of the output. `aspect_ratio` is width to height,
        for models that accept it. Raises errors that end the attempt; do not catch them.
        """
        ...

    def failure(self, code: str, message: str) -> Exception:
        """Return an error to raise. It fails the generation with a code that the kind's FAILURES declare.

        The owner reads the first 100 characters of `message`. The spend is counted, and there is no retry.
        """
        ...

    def progress(self, percent: float, stage: str | None = None) -> None:
        """Show the owner the progress, rounded down. A percentage below the one shown before is ignored."""
        ...


class Reviewed(NamedTuple):
    """The reviewable part of a kind's output: the name of the list, and the model of one item."""

    name: str
    item: "type[BaseModel]"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's module, checked: its input and output models, its limits, its prompt versions, its work."""

    name: str
    input: "type[BaseModel]"
    output: "type[BaseModel]"
    limits: Limits
    prompt_versions: tuple[str, ...]
    run: Callable[[Context, Any], Any]
    draws: bool = False
    """Whether its model draws pictures. A request without a model then uses the deployment's image model."""
    reviewed: Reviewed | None = None
    """The list that its owner reviews and makes cards of; None for a kind without REVIEWS."""
    shows_partials: bool = False
    """Whether a connected owner sees the model's answers while they stream (SHOWS_PARTIALS)."""
    failures: "Mapping[str, Code]" = field(default_factory=dict)
    """The failure codes that it declares, in addition to the register's."""


class Catalog(NamedTuple):
    """The kinds that a function knows: their names and a loader. `shared.kinds` has the kinds of this folder."""

    names: Callable[[], tuple[str, ...]]
    load: Callable[[str], Kind]
