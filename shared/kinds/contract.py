"""What a kind is, and what its `run` may use. Knows no AWS, no HTTP and no single kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

    from shared.domain.codes import Code
    from shared.domain.pictures import Picture


@dataclass(frozen=True, slots=True)
class Limits:
    """What one generation of a kind may take. `deadline_seconds` None means the deployment's own.

    `max_attempts` is how often in a row it is tried to no avail while the provider is to blame; None means the
    deployment's MaxReleases and the first. What a worker dies of is limited by MaxFruitlessAttempts, whatever the kind.
    `max_completion_tokens` and `reasoning_effort` None mean the deployment's MaxCompletionTokens and ReasoningEffort.
    `usual_seconds` is what half of them take at most, from create to end: it only tells readers when to look.
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
    """What one call asks of the model: our own words, and the user's text as delimited data, never mixed.

    `schema_name` names the JSON schema of the answer for the provider; `expected_characters` is about how long the
    answer will be, and only moves the progress bar.
    """

    system: str
    data: Mapping[str, str]
    schema_name: str
    expected_characters: int = 4_000


class Context(Protocol):
    """What a kind's `run` is given. Everything that it may do to the world goes through here."""

    @property
    def prompt_version(self) -> str: ...

    def step[Result: BaseModel](
        self, name: str, result: type[Result], make: Callable[[], Result], *, progress: int
    ) -> Result:
        """Return the stored result of step `name`; where there is none, make it, store it, and show `progress`.

        A stored step is never made again, whatever died since: give steps names that do not change with a retry.
        """
        ...

    def call[Result: BaseModel](self, prompt: Prompt, result: type[Result]) -> Result:
        """Ask the model, inside a step; one repair turn is made when the answer does not fit `result`.

        While it streams, progress rises towards the step's own. Raises what ends the attempt; do not catch it.
        """
        ...

    def draw(self, prompt: Prompt, *, aspect_ratio: str = "1:1") -> "Picture":
        """Have the model draw a picture, inside a step, and store it; return what the step's result says of it.

        The output's owner is given a signed URL for each picture below `images` of the output. `aspect_ratio` is width
        to height, for models that take it. Raises what ends the attempt; do not catch it.
        """
        ...

    def failure(self, code: str, message: str) -> Exception:
        """Return what to raise so that the generation fails with a code that the kind's FAILURES declare.

        The owner reads `message`, of which 100 characters are kept. What was spent is counted, nothing is tried again.
        """
        ...

    def progress(self, percent: int, stage: str | None = None) -> None:
        """Show the owner how far this is; a lower percentage than shown before is ignored."""
        ...


class Reviewed(NamedTuple):
    """What of a kind's output its owner reviews: the name of the list, and the model of one item."""

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
    """Whether its model draws pictures: a request that names none gets the deployment's image model."""
    reviewed: Reviewed | None = None
    """What its owner reviews, and makes cards of; None for a kind that declares no REVIEWS."""
    shows_partials: bool = False
    """Whether an owner who is connected sees the answers of its calls while they are written (SHOWS_PARTIALS)."""
    failures: "Mapping[str, Code]" = field(default_factory=dict)
    """The codes that it fails with on purpose, beside the register's."""


class Catalog(NamedTuple):
    """The kinds that a function knows: their names, and how one is loaded. `shared.kinds` has those of this folder."""

    names: Callable[[], tuple[str, ...]]
    load: Callable[[str], Kind]
