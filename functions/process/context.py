"""What a kind's `run` is given in a worker: steps that are stored once, calls that are counted before they are sent."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from pydantic import BaseModel, ValidationError

from functions.process import conversation
from functions.process.provider import Cancellation, Completion, Message, ModelRequest
from functions.process.watch import Watch
from shared.clock import Clock
from shared.config import Settings
from shared.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    DeadlinePassedError,
    GenerationError,
    InvalidOutputError,
    LeaseLostError,
    LimitReachedError,
    ProviderError,
)
from shared.generation import Generation, GenerationInput, StoredStep, Totals, Usage, settle
from shared.kinds import Kind, Prompt
from shared.store import Store

# The answer was under way when the call ended, and what it cost was never told: its reserve stays reserved.
_COST_UNKNOWN = frozenset({"provider_timeout", "provider_stream_cut", "provider_error", "output_too_large"})
_STEP_NAME = re.compile(r"[a-z0-9_.-]{1,40}")  # a part of the step item's key, and on the head: no #, and short


class Model(Protocol):
    """What calls the model; see `provider.Provider.complete`."""

    def complete(
        self,
        request: ModelRequest,
        *,
        api_key: str,
        deadline: float,
        may_send: Callable[[], None],
        cancellation: Cancellation,
        on_text: Callable[[int], None],
    ) -> Completion: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every attempt of a worker works with."""

    store: Store
    heartbeats: Store
    model: Model
    api_key: Callable[[], str]
    clock: Clock
    settings: Settings


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
        self._head, self._kind, self._input, self._tools, self._watch = head, kind, content, tools, watch
        self._stored = {step.name: step for step in steps}
        counted = settle(head, steps)
        self._usage = counted.usage
        self._reserved = head.reserved_usd
        # Steps that a lost worker stored and did not count are shown with the next advance.
        self._behind = counted.steps_done > head.steps_done
        self._step, self._target, self._step_usage = "", watch.progress, Usage()
        self._call_id: str | None = None
        self.last_step = ""

    @property
    def head(self) -> Generation:
        """The head as its holder knows it; a step that is stored and not yet shown ends a barren row as well."""
        return replace(self._head, barren=0, releases=0) if self._behind else self._head

    @property
    def totals(self) -> Totals:
        """What is stored and spent so far, whether the head shows it yet or not."""
        return Totals(len(self._stored), self._usage)

    def recount(self) -> None:
        """Count what a late holder has stored since this attempt read the steps: the end is the last to count it."""
        for step in self._tools.store.get_steps(self._head.user_id, self._head.generation_id):
            if step.name not in self._stored:
                self._stored[step.name] = step
                self._usage += step.usage

    @property
    def reserved_usd(self) -> Decimal:
        return self._reserved

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
        self._step, self._target, self._step_usage, self._call_id = name, progress, Usage(), None
        made = make()
        step = StoredStep(
            name=name,
            position=len(self._stored) + 1,
            result=made.model_dump(mode="json"),
            usage=self._step_usage,
            call_id=self._call_id,
            duration_seconds=clock.monotonic() - began,
            stored_at=clock.now(),
            op=clock.token(),
        )
        kept = self._tools.store.store_step(self._head, step)
        if kept.op != step.op:
            # A late holder's result was stored first: it counts, and ours was paid for and is thrown away.
            self._usage += kept.usage
        self._stored[name] = kept
        self._behind = True
        return kept

    def _show_what_is_stored(self) -> None:
        # Only when more work follows: the last step's advance is part of succeed, one write less.
        if self._behind:
            self._head = self._tools.store.advance(self._head, self.totals, self._watch.progress, self._reserved)
            self._behind = False

    def call[Result: BaseModel](self, prompt: Prompt, result: type[Result]) -> Result:
        messages = conversation.of(prompt)
        answer = self._complete(prompt, messages, result)
        try:
            return conversation.parse(answer.text, result)
        except InvalidOutputError as invalid:
            messages += conversation.repair(answer.text, invalid)
        return conversation.parse(self._complete(prompt, messages, result).text, result)

    def _complete(self, prompt: Prompt, messages: tuple[Message, ...], result: type[BaseModel]) -> Completion:
        tools, head = self._tools, self._head
        api_key = tools.api_key()
        sent_until = tools.clock.monotonic() + tools.settings.lease_seconds
        reserve = self._begin_call()

        def may_send() -> None:
            self._watch.check()
            if tools.clock.monotonic() >= sent_until:
                raise LeaseLostError(head.generation_id)

        left = (head.deadline_at - tools.clock.now()) / timedelta(seconds=1)
        try:
            answer = tools.model.complete(
                self._request(prompt, messages, result),
                api_key=api_key,
                deadline=tools.clock.monotonic() + min(left, tools.settings.model_timeout_seconds),
                may_send=may_send,
                cancellation=self._watch.cancellation,
                on_text=self._on_text(prompt.expected_characters),
            )
        except CallCanceledError:
            self._watch.check()
            raise
        except ProviderError as error:
            known = error.usage is not None or error.code not in _COST_UNKNOWN
            self._count(error.usage or Usage(), reserve if known else Decimal(0))
            if isinstance(error, CallDeadlineExceededError) and left <= tools.settings.model_timeout_seconds:
                # Not the call's time was over but the generation's own.
                raise DeadlinePassedError(head.generation_id) from error
            raise
        self._count(answer.usage, reserve)
        self._call_id = answer.call_id
        return answer

    def _request(self, prompt: Prompt, messages: tuple[Message, ...], result: type[BaseModel]) -> ModelRequest:
        head = self._head
        return ModelRequest(
            model=self._input.model,
            messages=messages,
            schema_name=prompt.schema_name,
            schema=result.model_json_schema(),
            max_completion_tokens=self._kind.limits.max_completion_tokens,
            user=hashlib.sha256(head.user_id.encode()).hexdigest(),
            labels={"Generation": head.generation_id, "Attempt": str(head.attempt), "Step": self._step},
        )

    def _begin_call(self) -> Decimal:
        limits, head = self._kind.limits, self._head
        reserve = Decimal(str(limits.call_reserve_usd))
        if head.call_step == self._step and head.step_calls >= limits.max_calls_per_step:
            raise LimitReachedError("call_limit", f"The step {self._step} has used its {head.step_calls} calls.")
        if self._usage.cost_usd + self._reserved + reserve > Decimal(str(limits.max_cost_usd)):
            raise LimitReachedError("cost_limit", f"The generation may cost {limits.max_cost_usd} USD at most.")
        self._watch.check()
        self._head = self._tools.store.begin_call(head, self._step, self._reserved + reserve)
        self._reserved += reserve
        return reserve

    def _count(self, usage: Usage, no_longer_reserved: Decimal) -> None:
        self._usage += usage
        self._step_usage += usage
        self._reserved -= no_longer_reserved

    def _on_text(self, expected_characters: int) -> Callable[[int], None]:
        start, span = self._watch.progress, self._target - self._watch.progress
        return lambda characters: self._watch.show(
            start + int(span * 0.95 * min(1.0, characters / expected_characters))
        )
