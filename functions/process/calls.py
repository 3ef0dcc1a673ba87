"""The model's calls of one attempt: each is counted before it is sent, within its ceilings, and its cost after."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial

from pydantic import BaseModel

from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat
from functions.process.key import as_the_owners
from functions.process.ledger import Ledger
from functions.process.provider import ChatMessage, Completion, ModelRequest
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    CeilingReachedError,
    DeadlinePassedError,
    HandoverError,
    LeaseLostError,
    ProviderError,
)
from shared.domain.generation import Generation, GenerationInput, Usage
from shared.kinds.contract import Kind, Prompt

# The answer was under way when the call ended, and what it cost was never told: its reserve stays reserved.
_COST_UNKNOWN = frozenset({"provider_timeout", "provider_stream_cut", "provider_error", "output_too_large"})
_NO_BILL = Usage(calls=1)
_BILL_SECONDS = 3.0
"""How long a call's final bill is waited for at most: servers have it a moment after the call has ended."""


@dataclass(frozen=True, slots=True)
class _Unbilled:
    """A call that ended before it told what it cost, and what is reserved for it until that is known."""

    bill_id: str
    reserved_usd: Decimal


class Calls:
    """Follows the head by the worker's own writes, and enters what each call costs in the ledger."""

    def __init__(
        self,
        head: Generation,
        kind: Kind,
        content: GenerationInput,
        dependencies: Dependencies,
        heartbeat: Heartbeat,
        ledger: Ledger,
    ) -> None:
        self.head, self._ledger = head, ledger
        self.call_id: str | None = None
        self._unbilled: list[_Unbilled] = []
        self._last_key = ""
        self._kind, self._input, self._dependencies, self._heartbeat = kind, content, dependencies, heartbeat
        self._step, self._target = "", heartbeat.progress
        # Opened once an attempt and gone with it. The service's key is not even read for who brings one.
        self._key = cache(partial(dependencies.user_key, head)) if head.own_key else dependencies.api_key

    @property
    def step(self) -> str:
        """The step that is being made."""
        return self._step

    def begin_step(self, name: str, progress: int) -> None:
        """Count what follows as the step's; its calls move the progress shown towards `progress`."""
        self._step, self._target, self.call_id = name, progress, None
        self._ledger.begin_step()

    def complete(
        self,
        prompt: Prompt,
        messages: tuple[ChatMessage, ...],
        result: type[BaseModel] | None,
        aspect_ratio: str = "1:1",
    ) -> Completion:
        """Send one call and return the whole answer, a picture where `result` is None. Raises what ends the attempt.

        Raises CeilingReachedError before anything is sent when a ceiling would be passed.
        """
        dependencies, head = self._dependencies, self.head
        api_key = self._last_key = self._key()
        sent_until = dependencies.clock.monotonic() + dependencies.settings.lease_seconds
        reserve, bill_ids = self._begin_call(), list[str]()

        def may_send() -> None:
            self._heartbeat.check()
            if dependencies.clock.monotonic() >= sent_until:
                raise LeaseLostError(head.generation_id)

        left = (head.deadline_at - dependencies.clock.now()) / timedelta(seconds=1)
        try:
            answer = dependencies.model.complete(
                self._request(prompt, messages, result, aspect_ratio),
                api_key=api_key,
                deadline=dependencies.clock.monotonic() + min(left, dependencies.settings.model_timeout_seconds),
                may_send=may_send,
                cancellation=self._heartbeat.cancellation,
                on_text=self._on_text(prompt.expected_characters),
                on_bill_id=bill_ids.append,
            )
        except (LeaseLostError, DeadlinePassedError, HandoverError):
            self._ledger.spend(Usage(), reserve)  # it had no leave: nothing was sent
            raise
        except CallCanceledError:
            self._unbilled += [_Unbilled(bill_id, reserve) for bill_id in bill_ids]
            self._heartbeat.check()
            raise
        except ProviderError as error:
            self._failed(error, reserve, bill_ids)
            if isinstance(error, CallDeadlineExceededError) and left <= dependencies.settings.model_timeout_seconds:
                # Not the call's time was over but the generation's own.
                raise DeadlinePassedError(head.generation_id) from error
            owners = as_the_owners(error) if head.own_key else error
            if owners is not error:
                raise owners from error
            raise
        usage = answer.usage
        if usage == _NO_BILL and bill_ids:
            usage = self._ask(bill_ids[0]) or usage
        self._ledger.spend(usage, reserve)
        self.call_id = answer.call_id
        return replace(answer, usage=usage)

    def ask_for_bills(self) -> None:
        """Ask what the calls have cost that ended before they told, as long as there is time for it."""
        while self._unbilled:
            call = self._unbilled.pop()
            usage = self._ask(call.bill_id)
            if usage is not None:
                self._ledger.spend(usage.all_wasted(), call.reserved_usd)

    def _ask(self, bill_id: str) -> Usage | None:
        # Lambda ends the invocation a margin after the handover, and what the bill says must still be written.
        now, settings = self._dependencies.clock.monotonic(), self._dependencies.settings
        until = min(now + _BILL_SECONDS, self._heartbeat.handover_at + settings.handover_margin_seconds / 2)
        return self._dependencies.model.bill(bill_id, api_key=self._last_key, deadline=until) if until > now else None

    def _failed(self, error: ProviderError, reserve: Decimal, bill_ids: list[str]) -> None:
        if error.usage is not None:
            self._ledger.spend(error.usage.all_wasted(), reserve)
            return
        held = reserve if error.code in _COST_UNKNOWN else Decimal(0)
        self._ledger.spend(Usage(), reserve - held)
        self._unbilled += [_Unbilled(bill_id, held) for bill_id in bill_ids]

    def _request(
        self, prompt: Prompt, messages: tuple[ChatMessage, ...], result: type[BaseModel] | None, aspect_ratio: str
    ) -> ModelRequest:
        head, fallbacks = self.head, self._dependencies.settings.fallback_models
        return ModelRequest(
            model=self._input.model,
            messages=messages,
            schema_name=prompt.schema_name,
            schema=result.model_json_schema() if result else None,
            max_completion_tokens=self._kind.limits.max_completion_tokens,
            user=hashlib.sha256(head.user_id.encode()).hexdigest(),
            # Who stands in for a model that writes cannot draw.
            fallback_models=tuple(name for name in fallbacks if name != self._input.model) if result else (),
            aspect_ratio=aspect_ratio,
            labels={"Generation": head.generation_id, "Attempt": str(head.attempt), "Step": self._step},
        )

    def _begin_call(self) -> Decimal:
        limits, head = self._kind.limits, self.head
        reserve = Decimal(str(limits.call_reserve_usd))
        if head.call_step == self._step and head.step_calls >= limits.max_calls_per_step:
            raise CeilingReachedError("call_limit", f"The step {self._step} has used its {head.step_calls} calls.")
        ledger = self._ledger
        if ledger.cost_usd + ledger.reserved_usd + reserve > Decimal(str(limits.max_cost_usd)):
            raise CeilingReachedError("cost_limit", f"The generation may cost {limits.max_cost_usd} USD at most.")
        self._heartbeat.check()
        reserved = ledger.reserved_usd + reserve
        begin_call, shown = self._dependencies.store.begin_call, self._heartbeat.shown
        self.head = begin_call(head, self._step, reserved, ledger.totals_under_way, shown)
        ledger.begin_call()
        return reserve

    def _on_text(self, expected_characters: int) -> Callable[[int], None]:
        start, span = self._heartbeat.progress, self._target - self._heartbeat.progress
        return lambda characters: self._heartbeat.show(
            start + int(span * 0.95 * min(1.0, characters / expected_characters))
        )
