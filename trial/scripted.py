"""A kind's context for its tests: a script answers for the model. No stack, no worker, no network.

from shared import kinds
from trial.scripted import ScriptedContext, run

context = ScriptedContext(lambda prompt: {"points": ["Bread is old."]} if prompt.schema_name == "points" else ...)
output = run(kinds.load("summary"), context, source_text=...)
"""

import json
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from shared.domain.pictures import Picture, name_of
from shared.kinds import results
from shared.kinds.contract import Kind, Prompt
from shared.kinds.values import from_json

type Answer = Callable[[Prompt], dict[str, Any]]
"""Returns the model's answer to a prompt, as JSON. `prompt.schema_name` tells the kind's calls apart."""

_LONGEST_STAGE = 40


class ScriptedFailureError(Exception):
    """A failure that a kind raised with `ctx.failure`. Its arguments are the code and the message."""


class KindMistakeError(AssertionError):
    """The kind breaks a rule that a worker enforces. The text says which."""


@dataclass
class ScriptedContext:
    """Enforces a worker's rules on a kind, and records everything that it does.

    `stored` are results by step name, as JSON: those of an earlier attempt, which are not made again, and, as they are
    made, this one's. `happened` is all in order: ("stage", text), ("call", step), ("step", name), ("failure", code).
    An answer that does not fit raises pydantic's ValidationError, where a worker asks the model once more.
    """

    answer: Answer
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    prompt_version: str = "1"
    happened: list[tuple[str, str]] = field(default_factory=list)
    failures: Container[str] = ()
    """The codes that the kind declares; `run` fills it in."""
    prompts: list[Prompt] = field(default_factory=list)
    forms: list[type[BaseModel]] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    _step: str = ""
    _drawn: int = 0

    def step[R: BaseModel](self, name: str, result: type[R], make: Callable[[], R], *, progress: float) -> R:
        _hold(("step", name) not in self.happened, f"the step {name} is made twice; give each step its own name")
        _hold(not self._step, f"the step {name} begins inside the step {self._step}; finish one step before the next")
        _checked(results.check_step, name, result)
        if name not in self.stored:
            self._step, self._drawn = name, 0
            self.stored[name] = _checked(results.storable, make(), name, result)
            self._step = ""
        self.happened.append(("step", name))
        self._show(progress)
        return from_json(result, self.stored[name])

    def call[R: BaseModel](self, prompt: Prompt, result: type[R]) -> R:
        self._called()
        self.prompts.append(prompt)
        self.forms.append(result)
        return result.model_validate_json(json.dumps(self.answer(prompt)))

    def draw(self, prompt: Prompt, *, aspect_ratio: str = "1:1") -> Picture:  # noqa: ARG002 - as the contract has it
        """Return the facts of a drawn picture; there are none."""
        self._called()
        self.prompts.append(prompt)
        self._drawn += 1
        return Picture(name_of(1, self._step, self._drawn, "image/png"), "image/png", 100, "0" * 64, 512, 512)

    def failure(self, code: str, message: str) -> Exception:
        _hold(code in self.failures, f"it fails with {code!r}, which FAILURES does not declare")
        self.happened.append(("failure", code))
        return ScriptedFailureError(code, message)

    def progress(self, percent: float, stage: str | None = None) -> None:
        _hold(stage is None or len(stage) <= _LONGEST_STAGE, f"the stage {stage!r} is longer than {_LONGEST_STAGE}")
        if stage:
            self.happened.append(("stage", stage))
        self._show(percent)

    @property
    def steps(self) -> list[str]:
        """The steps in order, those that were stored before among them."""
        return [name for what, name in self.happened if what == "step"]

    @property
    def calls(self) -> list[str]:
        """The step of each call of the model, in order."""
        return [name for what, name in self.happened if what == "call"]

    def _called(self) -> None:
        _hold(bool(self._step), "the model is called outside a step, so each attempt would pay for it again")
        self.happened.append(("call", self._step))

    def _show(self, percent: float) -> None:
        _hold(0 < percent < 100, f"progress is {percent}; set 1 to 99 while the kind works")
        _hold(
            not self.shown or int(percent) >= self.shown[-1], f"progress goes back from {self.shown[-1:]} to {percent}"
        )
        self.shown.append(int(percent))


def run(kind: Kind, context: ScriptedContext, **content: Any) -> BaseModel:
    """Run a kind on what a caller sends, as JSON, and return its output as `run` gave it.

    Raises KindMistakeError where a worker would end as `kind_broken`: no step, or a last step that stored something
    else. Raises pydantic's ValidationError for an input that a create refuses.
    """
    context.failures = context.failures or kind.failures
    made: BaseModel = kind.run(context, from_json(kind.input, content))
    _checked(results.check_output, made, kind.output, context.stored[context.steps[-1]] if context.steps else None)
    return made


def _hold(rule: bool, otherwise: str) -> None:
    if not rule:
        raise KindMistakeError(otherwise)


def _checked[**Given, Found](check: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
    try:
        return check(*given, **named)
    except results.BrokenRuleError as rule:
        raise KindMistakeError(str(rule)) from rule.__cause__
