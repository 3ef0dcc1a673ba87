"""Code that creates and retries share: the idempotency key, the start of the work, the 202. Stores nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from shared.aws.dispatch import Dispatch, DispatchFailedError
from shared.aws.journal import log_accepted
from shared.aws.logs import logger
from shared.aws.sealing import Seal
from shared.domain.generation import Asked, Generation
from shared.domain.idempotency import IdempotencyKey, read_key
from shared.domain.pacing import retry_after
from shared.domain.settings import Settings
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.store.admission import Admitted


def key_of(request: Request, asked: Mapping[str, Any], provider_key: str | None = None) -> IdempotencyKey | None:
    """Return the request's key, bound to its validated input and its route; None if the request has no key.

    A different provider key of the user makes it a different request. Raises ProblemError for a header that is not a
    valid key.
    """
    header = request.header("idempotency-key")
    if header is None:
        return None
    try:
        key = read_key(header)
    except ValueError as error:
        raise ProblemError("idempotency_key_invalid") from error
    return IdempotencyKey(request.owner, key, asked, provider_key)


PAUSE_SECONDS = 60
"""The wait that a caller gets while creates are paused. The length of a maintenance is not known."""


def refuse_if_switched_off(kind: str, settings: Settings) -> None:
    """Raise ProblemError if the deployment takes no new generations now, or none of this kind."""
    if not settings.accept_creates:
        raise ProblemError("creates_paused", headers={"retry-after": str(PAUSE_SECONDS)})
    if not settings.takes(kind):
        raise ProblemError("kind_disabled")


def sealing(seal: Seal | None, provider_key: str | None, generation: Generation) -> Callable[[], bytes] | None:
    """Return a function that has KMS encrypt the user's provider key for `generation`; None if the request has no key.

    Only `AdmissionStore.admit` calls it, after every limit allowed the request. It raises SealUnavailableError.
    """
    if provider_key is None or seal is None:
        return None
    return partial(seal.close, provider_key, generation.key)


def answer_admitted(
    request: Request,
    admitted: Admitted,
    asked: Asked,
    first_look_seconds: float,
    dispatch: Dispatch,
    now: datetime,
) -> Response:
    """Start the accepted generation and return 202. A repeated request gets the same response and starts nothing.

    `asked` is what the log line says about its input.
    """
    headers = admitted.rate.headers() if admitted.rate else {}
    if admitted.head is None:
        headers |= {"idempotency-replayed": "true"}
    else:
        log_accepted(admitted.head, asked)
        start(admitted.head, dispatch, now)
    return accepted(request, admitted.generation_id, first_look_seconds, headers)


def start(head: Generation, dispatch: Dispatch, now: datetime) -> None:
    """Dispatch a generation that has just been stored, and continue even if the queue fails."""
    try:
        dispatch.send(head, now)
    except DispatchFailedError:
        # The generation is stored and due, so a rescuer sends it. The promise to the caller still holds.
        logger().exception("not dispatched; left to a rescuer", extra={"generation_id": head.generation_id})


def accepted(
    request: Request, generation_id: str, first_look_seconds: float, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the 202 of a new generation. A repeated request gets the same response.

    `Location` is relative to the request's own address (RFC 9110, section 10.2.2), `urls.self` to the API's.
    """
    path = f"/v1/generations/{generation_id}"
    body = {
        "generation_id": generation_id,
        "status": str(Status.PENDING),
        "version": 1,
        "urls": {"self": path},
    }
    first_look = retry_after(first_look_seconds)
    return Response(202, body, {"location": request.reference(path), "retry-after": first_look, **(headers or {})})
