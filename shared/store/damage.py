"""Items that cannot be read: damaged, or of a newer version. Only calls that need such an item fail."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.aws.logs import logger
from shared.domain.errors import ObjectDeniedError, UnreadableError

DAMAGED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, zlib.error)
"""The errors of reading an item that this code did not write: of a newer version, or changed by somebody else."""


def named(error: Exception) -> str:
    """Return the type of a read error. Its text may quote the item."""
    return str(error) if isinstance(error, UnreadableError) else type(error).__name__


@contextmanager
def reading() -> Iterator[None]:
    """Turn errors of decoding or showing an item into UnreadableError, which names the original error's type."""
    try:
        yield
    except UnreadableError:
        raise
    except DAMAGED as error:
        raise UnreadableError(type(error).__name__) from error


def if_readable[Found](read: Callable[[], Found]) -> Found | None:
    """Return what `read` returns. If an item or its object cannot be read, log a line and return None."""
    try:
        return read()
    except (*DAMAGED, ObjectDeniedError) as error:
        logger().error("an item cannot be read", extra={"error": named(error)})
    return None
