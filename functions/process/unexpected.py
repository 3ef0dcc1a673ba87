"""Turns any exception of an attempt's work into a code. The only place that does.

Logs only an exception's type and place, because its text may quote a user's text.
"""

import traceback
from asyncio import CancelledError
from typing import Any

from functions.process.provider.frames import let_go
from shared.aws.logs import logger
from shared.domain.errors import (
    DeadlinePassedError,
    GenerationError,
    LeaseLostError,
    StorageUnavailableError,
    StoreRefusedError,
    StoreUnavailableError,
)
from shared.domain.generation import Generation

STORAGE = (StoreUnavailableError, StoreRefusedError)
RAISED = (Exception, SystemExit, CancelledError)
"""The exceptions of a kind's code. Includes `sys.exit` and the cancellation of an asyncio task, which must not end the
process that other generations share."""

OWN = "shared/kinds/"
"""The folders of kinds: a kind's line says more than a library's."""

_MOST_FRAMES = 8
_PARTS_OF_A_PATH = 3


def about(head: Generation) -> dict[str, Any]:
    """Return the facts of every log line of an attempt."""
    return {"generation_id": head.generation_id, "kind": head.kind, "attempt": head.attempt, "fence": head.fence}


def end_of(raised: BaseException, head: Generation) -> GenerationError | LeaseLostError:
    """Return the error that ends the attempt, and log an unexpected exception for the operator.

    Neither exception keeps its frames, which would hold received data.
    """
    ended = _end_of(raised, head)
    let_go(raised)
    for name in ("__traceback__", "__context__", "__cause__"):
        # An exception that is a frozen dataclass forbids a plain assignment.
        getattr(BaseException, name).__set__(raised, None)
    return ended


def _end_of(raised: BaseException, head: Generation) -> GenerationError | LeaseLostError:
    if isinstance(raised, GenerationError | LeaseLostError):
        return raised
    if isinstance(raised, DeadlinePassedError):
        return GenerationError("deadline_exceeded", "The generation was not done by its deadline.")
    if isinstance(raised, STORAGE):
        logger().warning("storage failed under the worker", extra=about(head) | {"reason": str(raised)})
        return StorageUnavailableError()
    logger().error("the kind's code failed", extra=about(head) | described(raised))
    return GenerationError("kind_failed", "This kind's code crashed.")


def broken(head: Generation, rule: str, raised: BaseException | None = None) -> GenerationError:
    """Return the error for a kind that breaks a rule for kinds, and log which. `rule` holds no user text."""
    seen = {} if raised is None else described(raised)
    logger().error("the kind is broken", extra=about(head) | {"reason": rule} | seen)
    return GenerationError("kind_broken", "This kind's code breaks a rule for kinds.")


def described(raised: BaseException) -> dict[str, Any]:
    """Return an exception's type and places, with the place where it was raised last."""
    frames = traceback.extract_tb(raised.__traceback__)[-_MOST_FRAMES:]
    places = [f"{'/'.join(frame.filename.split('/')[-_PARTS_OF_A_PATH:])}:{frame.lineno}" for frame in frames]
    kinds = [place for place in places if place.startswith(OWN)]
    return {"error": type(raised).__name__, "place": (kinds or places or [""])[-1], "places": places}
