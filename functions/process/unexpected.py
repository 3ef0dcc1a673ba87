"""What ends an attempt for whatever its work raised: the one place where an exception becomes a code.

What it logs of an exception is its type and where it was raised. Its own words may quote a user's text.
"""

import traceback
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
RAISED = (Exception, SystemExit)
"""What a kind's code may raise: `sys.exit` in one must not end the process of its neighbours."""

OWN = "shared/kinds/"
"""Where kinds are: a line of theirs says more than the library's in which it came out."""

_MOST_FRAMES = 8
_PARTS_OF_A_PATH = 3


def about(head: Generation) -> dict[str, Any]:
    """Return what every log line of an attempt says."""
    return {"generation_id": head.generation_id, "kind": head.kind, "attempt": head.attempt, "fence": head.fence}


def end_of(raised: BaseException, head: Generation) -> GenerationError | LeaseLostError:
    """Return the error that ends the attempt, and log what an operator must know of one that nobody expected.

    Nothing of what was received hangs on either of them: neither keeps the frames that it came by.
    """
    ended = _end_of(raised, head)
    let_go(raised)
    raised.__traceback__ = raised.__context__ = raised.__cause__ = None
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
    return GenerationError("kind_failed", "The service's code for this kind failed.")


def broken(head: Generation, rule: str, raised: BaseException | None = None) -> GenerationError:
    """Return the error for a kind that breaks a rule of kinds, and log which. `rule` holds no text of a user's."""
    seen = {} if raised is None else described(raised)
    logger().error("the kind is broken", extra=about(head) | {"reason": rule} | seen)
    return GenerationError("kind_broken", "The service's code for this kind breaks a rule of kinds.")


def described(raised: BaseException) -> dict[str, Any]:
    """Return an exception's type, and the places that it came by, the one where it was raised last."""
    frames = traceback.extract_tb(raised.__traceback__)[-_MOST_FRAMES:]
    places = [f"{'/'.join(frame.filename.split('/')[-_PARTS_OF_A_PATH:])}:{frame.lineno}" for frame in frames]
    kinds = [place for place in places if place.startswith(OWN)]
    return {"error": type(raised).__name__, "place": (kinds or places or [""])[-1], "places": places}
