"""The owner has a generation that failed or was canceled tried again, as a new one that goes on where it stood."""

from dataclasses import dataclass, replace
from datetime import timedelta

from functions.actions.bodies import Retry
from shared.acceptance import accepted, answer_admitted
from shared.api import Answer, ProblemError, Request
from shared.clock import Clock
from shared.config import Settings
from shared.dispatch import Dispatch
from shared.errors import AdmissionRefusedError, TransitionRefusedError
from shared.generation import Generation, GenerationInput
from shared.kinds import load, names
from shared.lifecycle import RETRY
from shared.limits import Policy
from shared.store import Admission, Store
from shared.validation import read


@dataclass(frozen=True, slots=True)
class RetryService:
    """A generation is retried once: whoever asks again is answered with the one that there is."""

    store: Store
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    policy: Policy

    def retry(self, request: Request) -> Answer:
        """Store the successor of a failed or canceled generation and start its work, as a create does."""
        owner, generation_id = request.owner, request.generation_id
        body = read(Retry, request.json() if request.event.get("body") else {})
        old = self.store.get(owner, generation_id)
        if old is None:
            raise ProblemError("not_found")
        if old.retried_as is not None:
            return accepted(old.retried_as, old.usual_seconds)
        content = self._content(old)
        new = self._successor(old)
        given = replace(content, request_id=request.request_id)
        steps = self.store.get_steps(owner, generation_id) if body.begin == "stored" else []
        try:
            admitted = self.store.retry(old, new, given, steps, Admission(self.policy))
        except TransitionRefusedError as refused:
            return _answer_of(refused.current)
        except AdmissionRefusedError:
            double = self.store.get(owner, generation_id)
            if double is None or double.retried_as is None:
                raise
            return _answer_of(double)  # a double click that came first was the last one allowed
        return answer_admitted(admitted, new, self.dispatch, self.clock.now())

    def _content(self, old: Generation) -> GenerationInput:
        if old.status not in RETRY.sources:
            raise ProblemError("not_retryable")
        if old.kind not in names():
            raise ProblemError("not_retryable", detail="This kind is not made any more.")
        content = self.store.get_input(old.user_id, old.generation_id)
        if content is None:
            raise ProblemError("not_retryable", detail="What was sent in is not kept any more.")
        return content

    def _successor(self, old: Generation) -> Generation:
        now, limits = self.clock.now(), load(old.kind).limits
        deadline_seconds = limits.deadline_seconds or self.settings.deadline_seconds
        return Generation(
            user_id=old.user_id,
            generation_id=self.clock.new_id(),
            kind=old.kind,
            created_at=now,
            deadline_at=now + timedelta(seconds=deadline_seconds),
            # Not its client_id: that names one entry of a page, and both are in the feed.
            session_id=old.session_id,
            usual_seconds=limits.usual_seconds,
            create_op=self.clock.token(),
        )


def _answer_of(current: Generation | None) -> Answer:
    if current is None:
        raise ProblemError("not_found")
    if current.retried_as is None:
        raise ProblemError("not_retryable")
    return accepted(current.retried_as, current.usual_seconds)  # of a double click one came first
