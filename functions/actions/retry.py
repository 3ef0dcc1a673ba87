"""The owner retries a failed or canceled generation as a new one, which continues from its stored steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from functions.actions.bodies import Retry
from shared.aws.dispatch import Dispatch
from shared.aws.sealing import Seal
from shared.domain.clock import Clock
from shared.domain.codes import Fault
from shared.domain.codes.failures import FAILURES
from shared.domain.errors import AdmissionRefusedError, TransitionRefusedError
from shared.domain.generation import Generation, GenerationInput
from shared.domain.limits import Policy
from shared.domain.pacing import first_look_seconds
from shared.domain.rows import RETRY
from shared.domain.settings import Settings
from shared.http.acceptance import accepted, answer_admitted, refuse_if_switched_off, sealing
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.http.validation import KEY_NOT_TAKEN, read
from shared.rerun import successor_of, why_not_retryable
from shared.store.admission import Admission
from shared.store.retry import RetryStore


@dataclass(frozen=True, slots=True)
class RetryService:
    """A generation is retried once: a repeated call returns the same new generation."""

    store: RetryStore
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    policy: Policy
    seal: Seal | None = None
    """For users' own provider keys; None if the deployment takes none."""

    def retry(self, request: Request) -> Response:
        """Store the successor of a failed or canceled generation, and start its work as a create does."""
        key = request.key
        body = read(Retry, request.json() if request.event.get("body") else {})
        old = self.store.reads.get(key)
        if old is None:
            raise ProblemError("not_found")
        if old.retried_as is not None:
            return accepted(request, old.retried_as, first_look_seconds(old.usual_seconds, self.settings))
        refuse_if_switched_off(old.kind, self.settings)
        content = self._content(old)
        new = successor_of(old, self.clock, self.settings)
        seal = self._sealing(old, new, body)
        given = replace(content, request_id=request.request_id)
        steps = partial(self.store.reads.readable_steps, key) if body.begin == "stored" else tuple
        try:
            admitted = self.store.retry(
                old, new, given, steps, Admission(self.policy, seal=seal, excused=_excused(old))
            )
        except TransitionRefusedError as refused:
            if refused.current is not None and refused.current.usage != old.usage:
                return self.retry(
                    request
                )  # its last worker's charge arrived in between; there is only one, so this loop ends
            return self._answer_of(request, refused.current)
        except AdmissionRefusedError:
            double = self.store.reads.get(key)
            if double is None or double.retried_as is None:
                raise
            return self._answer_of(request, double)  # an earlier double click used the last place of the limit
        first_look = first_look_seconds(new.usual_seconds, self.settings)
        return answer_admitted(request, admitted, given.asked, first_look, self.dispatch, self.clock.now())

    def _answer_of(self, request: Request, current: Generation | None) -> Response:
        if current is None:
            raise ProblemError("not_found")
        if current.retried_as is None:
            raise ProblemError("not_retryable")
        # In a double click, the other call came first.
        return accepted(request, current.retried_as, first_look_seconds(current.usual_seconds, self.settings))

    def _sealing(self, old: Generation, new: Generation, body: Retry) -> Callable[[], bytes] | None:
        if body.user_provided_key is None:
            if old.own_key:
                # Its key was deleted when it ended, and the owner did not choose the service's key.
                raise ProblemError("user_key_required")
            return None
        if self.seal is None:
            raise ProblemError("validation_failed", errors=[KEY_NOT_TAKEN])
        return sealing(self.seal, body.user_provided_key.get_secret_value(), new)

    def _content(self, old: Generation) -> GenerationInput:
        if old.status not in RETRY.sources:
            raise ProblemError("not_retryable")
        content = self.store.reads.readable_input(old.key)
        reason = why_not_retryable(old, content, self.settings)
        if content is None or reason is not None:
            raise ProblemError("not_retryable", detail=reason)
        return content


def _excused(old: Generation) -> bool:
    """Whether the owner was not at fault for the failure. Then no rate limit counts the retry."""
    failure = FAILURES.get(old.error.code) if old.error else None
    return failure is not None and failure.fault in (Fault.OPERATOR, Fault.PROVIDER)
