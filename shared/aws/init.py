"""Prepares a function before its first event. Lambda gives it a whole processor then, whatever its memory.

Ensures that none of them can fail a start. Sends nothing, reads no key, and draws no id and no random number.
"""

import importlib
import os
from collections.abc import Callable
from contextlib import suppress

from shared.aws.logs import logger

_under_way = False


def under_way() -> bool:
    """Whether a step of `prepare` is being taken."""
    return _under_way


def prepare(*steps: Callable[[], object]) -> None:
    """Take each step while Lambda starts the function; elsewhere, as where a test imports a handler, none.

    It also takes none without credentials in the environment, because clients would look for them in the network.

    A failing step is logged, and the others still run. Code that needs its result meets the failure with the first
    event, as if nothing had been tried before.
    """
    if not (os.environ.get("AWS_LAMBDA_FUNCTION_NAME") and os.environ.get("AWS_ACCESS_KEY_ID")):
        return
    importlib.import_module("encodings.idna")  # Python's sockets look every host's name up by it
    global _under_way  # noqa: PLW0603 - one process starts once, in one thread
    for step in steps:
        _under_way = True
        try:
            step()
        except BaseException:  # noqa: BLE001 - a deployment's own kind may call sys.exit, or a library panic
            with suppress(Exception):  # a log that cannot be written ends no start, either
                logger().warning("not prepared before the first event", exc_info=True)
        finally:
            _under_way = False
