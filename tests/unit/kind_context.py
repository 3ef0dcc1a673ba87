"""A kind's context without a worker: the model answers as a script says, and a step that is stored is not made."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from shared.domain.pictures import Picture
from shared.kinds.contract import Kind, Prompt

type Answer = Callable[[Prompt], dict[str, Any]]
"""What the model says to a prompt, as JSON."""


class ScriptedFailureError(Exception):
    """What a kind raised on purpose: its arguments are the code and the message."""


@dataclass
class ScriptedContext:
    """Insists on what a worker insists on, and keeps everything that a kind does.

    `stored` are results by step name, those of an earlier attempt and, as they are made, this one's. `happened` is all
    in order: ("stage", text), ("call", step) and ("step", name).
    """

    answer: Answer
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    prompt_version: str = "1"
    happened: list[tuple[str, str]] = field(default_factory=list)
    failures: Container[str] = ()
    """The codes that the kind declares."""
    prompts: list[Prompt] = field(default_factory=list)
    forms: list[type[BaseModel]] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    _step: str = ""

    def step[R: BaseModel](self, name: str, result: type[R], make: Callable[[], R], *, progress: int) -> R:
        assert ("step", name) not in self.happened, "a step's name is its own"
        if name not in self.stored:
            self._step = name
            self.stored[name] = make().model_dump(mode="json")
            self._step = ""
        self.happened.append(("step", name))
        self._show(progress)
        return result.model_validate(self.stored[name])

    def call[R: BaseModel](self, prompt: Prompt, result: type[R]) -> R:
        assert self._step, "the model is called inside a step"
        self.happened.append(("call", self._step))
        self.prompts.append(prompt)
        self.forms.append(result)
        return result.model_validate(self.answer(prompt))

    def draw(self, prompt: Prompt, *, aspect_ratio: str = "1:1") -> Picture:
        raise AssertionError(f"none of these kinds draws: {prompt.schema_name}, {aspect_ratio}")

    def failure(self, code: str, message: str) -> Exception:
        assert code in self.failures, f"FAILURES declares {code}"
        self.happened.append(("failure", code))
        return ScriptedFailureError(code, message)

    def progress(self, percent: int, stage: str | None = None) -> None:
        assert stage is None or len(stage) <= 40, "the head has no room for more"
        if stage:
            self.happened.append(("stage", stage))
        self._show(percent)

    def _show(self, percent: int) -> None:
        assert 0 < percent < 100
        assert not self.shown or percent >= self.shown[-1], "it never steps back"
        self.shown.append(percent)

    @property
    def steps(self) -> list[str]:
        return [name for what, name in self.happened if what == "step"]

    @property
    def calls(self) -> list[str]:
        return [name for what, name in self.happened if what == "call"]


def run(kind: Kind, context: ScriptedContext, **content: Any) -> BaseModel:
    """Run a kind on what a caller sends; its last step's result must be what it returns, as the owner reads that."""
    made = kind.run(context, kind.input.model_validate(content))
    assert isinstance(made, kind.output)
    assert made.model_dump(mode="json") == context.stored[context.steps[-1]]
    return made
