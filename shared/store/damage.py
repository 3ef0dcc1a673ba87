"""What cannot be read of the table: damaged, or of a newer version. It costs what needs it, and nothing beside that."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.aws.logs import logger
from shared.domain.errors import ObjectDeniedError, UnreadableError

DAMAGED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, zlib.error)
"""What reading an item raises that is not as this code writes it: a newer version's, or changed by somebody else."""


def named(error: Exception) -> str:
    """Return the type of what reading an item raised. What it says may hold what the item does."""
    return str(error) if isinstance(error, UnreadableError) else type(error).__name__


@contextmanager
def reading() -> Iterator[None]:
    """Raise UnreadableError for what decoding or showing an item raises; it names that error's type."""
    try:
        yield
    except UnreadableError:
        raise
    except DAMAGED as error:
        raise UnreadableError(type(error).__name__) from error


def if_readable[Found](read: Callable[[], Found]) -> Found | None:
    """Return what `read` returns; None, and a line in the log, where an item or its object cannot be read."""
    try:
        return read()
    except (*DAMAGED, ObjectDeniedError) as error:
        logger().error("an item cannot be read", extra={"error": named(error)})
    return None
