"""What a kind's `run` is given in a worker: steps that are stored once, and the model, called inside of them."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from pydantic import BaseModel, ValidationError

from functions.process import conversation
from functions.process.calls import Calls
from functions.process.tools import Tools
from functions.process.watch import Watch
from shared.errors import GenerationError, InvalidOutputError
from shared.generation import Generation, GenerationInput, StoredStep, Totals, settle
from shared.kinds import Kind, Prompt

_STEP_NAME = re.compile(r"[a-z0-9_.-]{1,40}")  # a part of the step item's key, and on the head: no #, and short


class AttemptContext:
    """One attempt's `Context`. Follows the head by its own writes; the watch's beats move only what it never reads."""

    def __init__(
        self,
        head: Generation,
        kind: Kind,
        content: GenerationInput,
        steps: list[StoredStep],
        tools: Tools,
        watch: Watch,
    ) -> None:
        self._input, self._tools, self._watch = content, tools, watch
        self._stored = {step.name: step for step in steps}
        counted = settle(head, steps)
        self._calls = Calls(head, kind, content, tools, watch, counted.usage)
        # Steps that a lost worker stored and did not count are shown with the next advance.
        self._behind = counted.steps_done > head.steps_done
        self.last_step = ""

    @property
    def head(self) -> Generation:
        """The head as its holder knows it; a step that is stored and not yet shown ends a barren row as well."""
        head = self._calls.head
        return replace(head, barren=0, releases=0) if self._behind else head

    @property
    def totals(self) -> Totals:
        """What is stored and spent so far, whether the head shows it yet or not."""
        return Totals(len(self._stored), self._calls.usage)

    def recount(self) -> None:
        """Count what a late holder has stored since this attempt read the steps: the end is the last to count it."""
        head = self._calls.head
        for step in self._tools.store.get_steps(head.user_id, head.generation_id):
            if step.name not in self._stored:
                self._stored[step.name] = step
                self._calls.usage += step.usage

    @property
    def reserved_usd(self) -> Decimal:
        return self._calls.reserved_usd

    @property
    def prompt_version(self) -> str:
        return self._input.prompt_version

    def progress(self, percent: int, stage: str | None = None) -> None:
        self._watch.show(percent, stage)

    def step[Result: BaseModel](
        self, name: str, result: type[Result], make: Callable[[], Result], *, progress: int
    ) -> Result:
        if not _STEP_NAME.fullmatch(name):
            raise ValueError(f"a step's name has 1 to 40 of a-z, 0-9, _, . and -; this one is {name!r}")
        self._watch.check()
        stored = self._stored.get(name)
        if stored is None:
            self._show_what_is_stored()
            stored = self._make(name, make, progress)
        self._watch.show(progress)
        self.last_step = name
        try:
            return result.model_validate(stored.result)
        except ValidationError:
            raise GenerationError("step_unreadable", f"The stored step {name} is of another version.") from None

    def _make(self, name: str, make: Callable[[], BaseModel], progress: int) -> StoredStep:
        clock = self._tools.clock
        began = clock.monotonic()
        self._calls.begin_step(name, progress)
        made = make()
        step = StoredStep(
            name=name,
            position=len(self._stored) + 1,
            result=made.model_dump(mode="json"),
            usage=self._calls.step_usage,
            call_id=self._calls.call_id,
            duration_seconds=clock.monotonic() - began,
            stored_at=clock.now(),
            op=clock.token(),
        )
        kept = self._tools.store.store_step(self._calls.head, step)
        if kept.op != step.op:
            # A late holder's result was stored first: it counts, and ours was paid for and is thrown away.
            self._calls.usage += kept.usage
        self._stored[name] = kept
        self._behind = True
        return kept

    def _show_what_is_stored(self) -> None:
        # Only when more work follows: the last step's advance is part of succeed, one write less.
        if self._behind:
            calls = self._calls
            calls.head = self._tools.store.advance(calls.head, self.totals, self._watch.progress, calls.reserved_usd)
            self._behind = False

    def call[Result: BaseModel](self, prompt: Prompt, result: type[Result]) -> Result:
        messages = conversation.of(prompt)
        answer = self._calls.complete(prompt, messages, result)
        try:
            return conversation.parse(answer.text, result)
        except InvalidOutputError as invalid:
            messages += conversation.repair(answer.text, invalid)
        return conversation.parse(self._calls.complete(prompt, messages, result).text, result)
