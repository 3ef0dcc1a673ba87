"""The model calls of one attempt. Each is checked against the limits and counted before it is sent, and its cost after.

Keeps the facts of the last call for the attempt's log line and error.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING

from pydantic import BaseModel

from functions.process.billing import Billing, CountedCall
from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat, whole_percent
from functions.process.key import as_the_owners
from functions.process.ledger import Ledger
from functions.process.provider import ChatMessage, Completion, ModelRequest
from functions.process.reserve import reserve_for
from functions.process.spend_guard import SpendGuard
from shared.aws.logs import logger
from shared.domain.call_facts import NO_CALL
from shared.domain.errors import (
    CallCanceledError,
    CallDeadlineExceededError,
    DeadlinePassedError,
    GenerationError,
    HandoverError,
    LeaseLostError,
    ProtocolBrokenError,
    ProviderError,
)
from shared.domain.generation import Event, Generation, GenerationInput
from shared.domain.pseudonym import keyed_hash
from shared.kinds.contract import Kind, Prompt

if TYPE_CHECKING:
    from functions.process.partials import Partials


class Calls:
    """Follows the head through the worker's own writes, and books each call's cost in the ledger."""

    def __init__(
        self,
        head: Generation,
        kind: Kind,
        content: GenerationInput,
        dependencies: Dependencies,
        heartbeat: Heartbeat,
        ledger: Ledger,
        partials: "Partials | None" = None,
    ) -> None:
        self.head, self._ledger, self._partials = head, ledger, partials
        self.facts = NO_CALL
        self.excerpt: str | None = None
        self.under_way = False
        self._billing = Billing(head.generation_id, kind.limits, ledger, dependencies, heartbeat)
        self._spend_guard = SpendGuard(head, lambda: dependencies.store.spending, dependencies.settings.max_running)
        self._kind, self._input, self._dependencies, self._heartbeat = kind, content, dependencies, heartbeat
        self._step, self._target = "", heartbeat.progress
        # Opened once per attempt and dropped with it. If the user sent a key, the service's key is not even read.
        self._key = cache(partial(dependencies.user_key, head)) if head.own_key else dependencies.api_key

    @property
    def step(self) -> str:
        """The current step."""
        return self._step

    def begin_step(self, name: str, progress: float) -> None:
        """Count the following calls as the step's. They move the shown progress towards `progress`."""
        self._step, self._target = name, whole_percent(progress)
        self.facts, self.excerpt = NO_CALL, None
        self._ledger.begin_step()

    def complete(
        self,
        prompt: Prompt,
        messages: tuple[ChatMessage, ...],
        result: type[BaseModel] | None,
        aspect_ratio: str = "1:1",
    ) -> Completion:
        """Send one call and return the complete answer, a picture if `result` is None. Raises errors that end the
        attempt.

        Raises CeilingReachedError, before anything is sent, if the call could exceed a limit. After a response that
        breaks the server's protocol, calls once more; a second such response is not transient.
        """
        request = self._request(prompt, messages, result, aspect_ratio)
        try:
            return self._complete(request, prompt, result)
        except ProtocolBrokenError as broken:
            self.note_asked_again(broken)
            return self._complete(request, prompt, result)

    def note_asked_again(self, error: GenerationError) -> None:
        """Record a call whose answer was unusable, before the model is called again."""
        head, now = self.head, self._dependencies.clock.now()
        about = {"generation_id": head.generation_id, "attempt": head.attempt, "code": error.code}
        logger().info("the model is asked again", extra=about | self.logged)
        self._dependencies.store.timeline.note_call(
            head, Event("asked_again", now, head.attempt, error.code, call=self.facts)
        )

    def note_interrupted(self) -> None:
        """Record the call that was closed because another writer ended the generation; nothing if there was none."""
        if self.under_way:
            head, now = self.head, self._dependencies.clock.now()
            self._dependencies.store.timeline.note_call(head, Event("interrupted", now, head.attempt, call=self.facts))

    @property
    def logged(self) -> dict[str, str | int | float]:
        """The log facts of the last call. Includes the provider's text only if the deployment keeps it."""
        excerpt = {} if self.excerpt is None else {"provider_excerpt": self.excerpt}
        return self.facts.known() | excerpt

    def ask_for_bills(self) -> None:
        """Ask for the cost of calls that ended before they reported it, while there is time."""
        self._billing.ask_for_bills()

    def _complete(self, request: ModelRequest, prompt: Prompt, result: type[BaseModel] | None) -> Completion:
        call = self._count(request)
        try:
            answer = self._send(call, prompt, result)
        except (LeaseLostError, DeadlinePassedError, HandoverError):
            self._take_back(call)  # the gate refused it, so nothing was sent
            raise
        except CallCanceledError:
            self._learn(call)
            self._billing.await_bill(call)
            self._heartbeat.check()
            raise
        except ProviderError as error:
            self._learn(call)
            self.under_way = False
            self._book_failed(call, error)
            meant = self._meant_by(error, call)
            if meant is not error:
                raise meant from error
            raise
        except Exception:  # an unexpected error, and the call may have cost something
            self._learn(call)
            self._billing.await_bill(call)
            raise
        self._learn(call)
        self.under_way = False
        return self._billing.book(call, answer)

    def _count(self, request: ModelRequest) -> CountedCall:
        """Check the call against the limits, then count it and its reserve in the head."""
        dependencies, clock, head = self._dependencies, self._dependencies.clock, self.head
        api_key = self._key() if dependencies.model.takes_key or head.own_key else ""
        sent_until = clock.monotonic() + dependencies.settings.lease_seconds
        reserve = self._reserve()
        left_seconds = (head.deadline_at - clock.now()) / timedelta(seconds=1)
        return CountedCall(request, api_key, reserve, sent_until, left_seconds, began=clock.monotonic())

    def _reserve(self) -> Decimal:
        ledger = self._ledger
        reserve = reserve_for(self.head, self._step, self._kind.limits, ledger)
        self._spend_guard.check(self.head, ledger.cost_usd + ledger.reserved_usd, reserve)
        self._heartbeat.check()
        reserved = ledger.reserved_usd + reserve
        begin_call, shown = self._dependencies.store.begin_call, self._heartbeat.shown
        self.head = begin_call(self.head, self._step, reserved, ledger.totals_under_way, shown)
        ledger.begin_call()
        return reserve

    def _send(self, call: CountedCall, prompt: Prompt, result: type[BaseModel] | None) -> Completion:
        dependencies, clock = self._dependencies, self._dependencies.clock

        def may_send() -> None:
            self._heartbeat.check()
            if clock.monotonic() >= call.sent_until:
                raise LeaseLostError(self.head.generation_id)
            self.under_way = True  # from here on, it may have been sent

        return dependencies.model.complete(
            call.request,
            api_key=call.api_key,
            deadline=clock.monotonic() + min(call.left_seconds, dependencies.settings.model_timeout_seconds),
            may_send=may_send,
            cancellation=self._heartbeat.cancellation,
            on_text=self._on_text(prompt.expected_characters),
            on_bill_id=call.bill_ids.append,
            record=call.record,
            on_words=self._partials.of_call(self._step, prompt, result) if self._partials and result else None,
        )

    def _learn(self, call: CountedCall) -> None:
        dependencies = self._dependencies
        self.facts = call.record.facts(call.request.model, dependencies.clock.monotonic() - call.began)
        self.excerpt = call.record.excerpt(call.api_key) if dependencies.settings.keep_provider_excerpts else None

    def _book_failed(self, call: CountedCall, error: ProviderError) -> None:
        if error.usage is not None:
            self._billing.book_wasted(call, error.usage)
        elif error.unpaid:
            self._take_back(call)
        else:
            # Its cost was never reported, so its reserve stays reserved.
            self._billing.await_bill(call)

    def _take_back(self, call: CountedCall) -> None:
        """Uncount a call that was refused before its first token. It cost nothing."""
        self._billing.release(call)
        self.head = replace(self.head, step_calls=self.head.step_calls - 1)

    def _meant_by(self, error: ProviderError, call: CountedCall) -> ProviderError | DeadlinePassedError:
        """Return what a call's error means for the generation: mostly itself."""
        timeout = self._dependencies.settings.model_timeout_seconds
        if isinstance(error, CallDeadlineExceededError) and call.left_seconds <= timeout:
            # The generation's deadline passed, not the call's timeout.
            return DeadlinePassedError(self.head.generation_id)
        return as_the_owners(error) if self.head.own_key else error

    def _request(
        self, prompt: Prompt, messages: tuple[ChatMessage, ...], result: type[BaseModel] | None, aspect_ratio: str
    ) -> ModelRequest:
        head, settings, limits = self.head, self._dependencies.settings, self._kind.limits
        return ModelRequest(
            model=self._input.model,
            messages=messages,
            schema_name=prompt.schema_name,
            schema=result.model_json_schema() if result else None,
            max_completion_tokens=limits.max_completion_tokens or settings.max_completion_tokens,
            user=keyed_hash(head.user_id, settings.owner_key),
            # A fallback for a text model cannot draw.
            fallback_models=tuple(name for name in settings.fallback_models if name != self._input.model)
            if result
            else (),
            aspect_ratio=aspect_ratio,
            reasoning_effort=limits.reasoning_effort or settings.reasoning_effort,
            labels={"Generation": head.generation_id, "Attempt": str(head.attempt), "Step": self._step},
        )

    def _on_text(self, expected_characters: int) -> Callable[[int], None]:
        start, span = self._heartbeat.progress, self._target - self._heartbeat.progress
        return lambda characters: self._heartbeat.show(
            start + int(span * 0.95 * min(1.0, characters / expected_characters))
        )
