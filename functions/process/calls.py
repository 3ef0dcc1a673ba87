"""The model's calls of one attempt: each is counted before it is sent, within its ceilings, and its cost after."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from pydantic import BaseModel

from functions.process.provider import Completion, Message, ModelRequest
from functions.process.tools import Tools
from functions.process.watch import Watch
from shared.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    DeadlinePassedError,
    LeaseLostError,
    LimitReachedError,
    ProviderError,
)
from shared.generation import Generation, GenerationInput, Usage
from shared.kinds import Kind, Prompt

# The answer was under way when the call ended, and what it cost was never told: its reserve stays reserved.
_COST_UNKNOWN = frozenset({"provider_timeout", "provider_stream_cut", "provider_error", "output_too_large"})


class Calls:
    """Follows the head by the worker's own writes. `usage` is all that the generation has spent, as far as is known,
    `reserved_usd` what calls may have cost whose cost is not known."""

    def __init__(
        self, head: Generation, kind: Kind, content: GenerationInput, tools: Tools, watch: Watch, usage: Usage
    ) -> None:
        self.head, self.usage, self.reserved_usd = head, usage, head.reserved_usd
        self.step_usage = Usage()
        self.call_id: str | None = None
        self._kind, self._input, self._tools, self._watch = kind, content, tools, watch
        self._step, self._target = "", watch.progress

    def begin_step(self, name: str, progress: int) -> None:
        """Count what follows as the step's; its calls move the progress shown towards `progress`."""
        self._step, self._target = name, progress
        self.step_usage, self.call_id = Usage(), None

    def complete(self, prompt: Prompt, messages: tuple[Message, ...], result: type[BaseModel]) -> Completion:
        """Send one call and return the whole answer. Raises what ends the attempt.

        Raises LimitReachedError before anything is sent when a ceiling would be passed.
        """
        tools, head = self._tools, self.head
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
        self.call_id = answer.call_id
        return answer

    def _request(self, prompt: Prompt, messages: tuple[Message, ...], result: type[BaseModel]) -> ModelRequest:
        head = self.head
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
        limits, head = self._kind.limits, self.head
        reserve = Decimal(str(limits.call_reserve_usd))
        if head.call_step == self._step and head.step_calls >= limits.max_calls_per_step:
            raise LimitReachedError("call_limit", f"The step {self._step} has used its {head.step_calls} calls.")
        if self.usage.cost_usd + self.reserved_usd + reserve > Decimal(str(limits.max_cost_usd)):
            raise LimitReachedError("cost_limit", f"The generation may cost {limits.max_cost_usd} USD at most.")
        self._watch.check()
        self.head = self._tools.store.begin_call(head, self._step, self.reserved_usd + reserve)
        self.reserved_usd += reserve
        return reserve

    def _count(self, usage: Usage, no_longer_reserved: Decimal) -> None:
        self.usage += usage
        self.step_usage += usage
        self.reserved_usd -= no_longer_reserved

    def _on_text(self, expected_characters: int) -> Callable[[int], None]:
        start, span = self._watch.progress, self._target - self._watch.progress
        return lambda characters: self._watch.show(
            start + int(span * 0.95 * min(1.0, characters / expected_characters))
        )
