"""The worker's context for a kind's `run`: steps that are stored once, and model calls inside them."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from functions.process import conversation
from functions.process.calls import Calls
from functions.process.dependencies import Dependencies
from functions.process.heartbeat import Heartbeat
from functions.process.ledger import Ledger
from functions.process.unexpected import STORAGE, broken
from shared.domain.call_facts import NO_CALL, CallFacts
from shared.domain.errors import GenerationError, InvalidOutputError, KindFailureError
from shared.domain.generation import Asked, Generation, GenerationInput, StoredStep, Totals, Usage
from shared.domain.pictures import Picture, name_of
from shared.kinds import results
from shared.kinds.contract import Kind, Prompt
from shared.kinds.values import from_json

if TYPE_CHECKING:
    from functions.process.partials import Partials


class AttemptContext:
    """One attempt's `Context`. Follows the head through its own writes. The heartbeat changes only fields that it never
    reads."""

    def __init__(
        self,
        head: Generation,
        kind: Kind,
        content: GenerationInput,
        steps: list[StoredStep],
        dependencies: Dependencies,
        heartbeat: Heartbeat,
        partials: "Partials | None" = None,
    ) -> None:
        self._kind, self._input, self._dependencies, self._heartbeat = kind, content, dependencies, heartbeat
        self._ledger = Ledger(head, steps, Decimal(str(kind.limits.call_reserve_usd)))
        self._calls = Calls(head, kind, content, dependencies, heartbeat, self._ledger, partials)
        # Steps that a lost worker stored but did not count show with the next advance.
        self._behind = self.totals.steps_done > head.steps_done
        self._unanswered: StoredStep | None = None
        self._drawn = 0
        self.last_step = ""

    @property
    def head(self) -> Generation:
        """The head as its holder knows it, with the reservation for calls without a known charge. A step that is stored
        but not shown yet also resets the count of fruitless attempts."""
        head = replace(self._calls.head, reserved_usd=self.reserved_usd)
        return replace(head, fruitless_attempts=0, releases=0) if self._behind else head

    @property
    def totals(self) -> Totals:
        """Everything stored and spent so far, even if the head does not show it yet."""
        return self._ledger.totals

    @property
    def unsure(self) -> bool:
        """Whether a step of this attempt may be stored although no answer says so."""
        return self._unanswered is not None

    def recount(self) -> None:
        """Count steps that were stored since this attempt read the steps. The end is the last chance to count them.

        A step whose write got no answer is stored again first: that write may still arrive, and must find the step.
        Where nothing can be stored, what is stored counts.
        """
        head = self._calls.head
        if self._unanswered is not None:
            with suppress(*STORAGE):
                self._store(self._unanswered)
        self._ledger.learn(self._dependencies.store.reads.get_steps(head.key, results=False))
        self._behind = self.totals.steps_done > head.steps_done

    def ask_for_bills(self) -> None:
        """Ask for the cost of calls that were cut off before they reported it."""
        self._calls.ask_for_bills()

    def bill(self) -> Usage:
        """After the lease was lost: if the generation was ended and not requeued, add this attempt's spend to it.
        Returns what was added."""
        store = self._dependencies.store
        if not store.bills.ended_under(self.head):
            return Usage()
        self._calls.note_interrupted()
        self.ask_for_bills()
        self.recount()
        return store.bills.bill(self.head, self.totals.usage, self._ledger.steps)

    @property
    def asked(self) -> Asked:
        """The log facts of the input."""
        return self._input.asked

    @property
    def ended_with(self) -> CallFacts:
        """The facts of the call that the attempt ended with."""
        return self._calls.facts

    @property
    def logged(self) -> dict[str, str | int | float]:
        """The same for a log line."""
        return self._calls.logged

    @property
    def made_by(self) -> CallFacts:
        """The facts of the call that made the last step, in whichever attempt."""
        step = self._ledger.stored(self.last_step)
        if step is None:
            return NO_CALL
        made = CallFacts(step.model, step.answered_by, provider_call_id=step.call_id, finish=step.finish)
        last = self.ended_with
        return last if last != NO_CALL and last.provider_call_id == step.call_id else made

    @property
    def reserved_usd(self) -> Decimal:
        return self._ledger.reserved_usd

    @property
    def prompt_version(self) -> str:
        return self._input.prompt_version

    def progress(self, percent: float, stage: str | None = None) -> None:
        self._heartbeat.show(percent, None if stage is None else _text(stage))

    def step[Result: BaseModel](
        self, name: str, result: type[Result], make: Callable[[], Result], *, progress: float
    ) -> Result:
        try:
            results.check_step(name, result)
        except results.BrokenRuleError as rule:
            raise broken(self.head, str(rule)) from None
        self._heartbeat.check()
        stored = self._ledger.stored(name)
        if stored is None:
            self._show_what_is_stored()
            stored = self._make(name, result, make, progress)
        self._heartbeat.show(progress)
        self.last_step = name
        try:
            return from_json(result, stored.result)
        except ValidationError:
            raise GenerationError("step_unreadable", f"The stored step {name} has another version.") from None

    def _make(self, name: str, result: type[BaseModel], make: Callable[[], BaseModel], progress: float) -> StoredStep:
        clock = self._dependencies.clock
        began = clock.monotonic()
        self._calls.begin_step(name, progress)
        self._drawn = 0
        made, call = self._storable(make(), name, result), self._calls.facts
        step = StoredStep(
            name=name,
            position=self.totals.steps_done + 1,
            result=made,
            usage=self._ledger.step_usage,
            shown=self._ledger.step_shown,
            call_id=call.provider_call_id,
            duration_seconds=clock.monotonic() - began,
            stored_at=clock.now(),
            op=clock.token(),
            model=call.model,
            answered_by=call.answered_by,
            finish=call.finish,
            released_usd=self._calls.head.reserved_usd - self.reserved_usd,
        )
        self._ledger.send(step)
        return self._store(step)

    def _store(self, step: StoredStep) -> StoredStep:
        self._unanswered = step
        kept = self._dependencies.store.store_step(self._calls.head, step)
        self._unanswered = None
        self._ledger.keep(kept)
        self._behind = True
        return kept

    def _storable(self, made: object, name: str, result: type[BaseModel]) -> dict[str, Any]:
        try:
            return results.storable(made, name, result)
        except results.BrokenRuleError as rule:
            raise broken(self.head, str(rule), rule.__cause__) from None

    def check_output(self, returned: object) -> None:
        """Raise GenerationError unless `run` returned the kind's output, exactly as its last step stored it."""
        stored = self._ledger.stored(self.last_step)
        try:
            results.check_output(returned, self._kind.output, None if stored is None else stored.result)
        except results.BrokenRuleError as rule:
            raise broken(self.head, str(rule), rule.__cause__) from None

    def failure(self, code: str, message: str) -> Exception:
        if code not in self._kind.failures:
            return broken(self.head, f"it failed with {code!r:.42}, which FAILURES does not declare")
        return KindFailureError(code, _text(message))

    def _show_what_is_stored(self) -> None:
        # Only if more work follows: the last step's advance is part of succeed, which saves a write.
        if self._behind:
            calls = self._calls
            calls.head = self._dependencies.store.advance(
                calls.head, self.totals, self._heartbeat.shown, self.reserved_usd
            )
            self._behind = False

    def call[Result: BaseModel](self, prompt: Prompt, result: type[Result]) -> Result:
        messages = conversation.of(prompt, result)
        try:
            answer = self._calls.complete(prompt, messages, result)
        except InvalidOutputError as nothing:
            self._ask_again_after(nothing)
        else:
            try:
                return conversation.read(prompt, answer.text, result)
            except InvalidOutputError as invalid:
                self._calls.note_asked_again(invalid)
                self._ledger.waste(answer.usage)
                messages += conversation.repair(prompt, answer.text, invalid, result)
        return conversation.read(prompt, self._calls.complete(prompt, messages, result).text, result)

    def draw(self, prompt: Prompt, *, aspect_ratio: str = "1:1") -> Picture:
        messages = conversation.of(prompt)
        try:
            answer = self._calls.complete(prompt, messages, None, aspect_ratio)
        except InvalidOutputError as nothing:
            self._ask_again_after(nothing)
            answer = self._calls.complete(prompt, messages, None, aspect_ratio)
        picture, head = answer.pictures[0], self._calls.head  # the answer may contain more than requested
        self._drawn += 1
        name = name_of(head.fence, self._calls.step, self._drawn, picture.content_type)
        self._dependencies.store.pictures.put_picture(head, name, picture.data, picture.content_type)
        sha256 = hashlib.sha256(picture.data).hexdigest()
        return Picture(name, picture.content_type, len(picture.data), sha256, picture.width, picture.height)

    def _ask_again_after(self, nothing: InvalidOutputError) -> None:
        """An empty or garbled answer is chance; an answer that the token limit cut would be cut again."""
        if nothing.code == "output_truncated":
            raise nothing
        self._calls.note_asked_again(nothing)


def _text(said: object) -> str:
    """Return a kind's words as text that can be stored. A kind may give an exception, or half of a character."""
    return str(said).encode("utf-8", "replace").decode()
