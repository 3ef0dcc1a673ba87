"""Logs in one form for every function. Never logs users' texts, keys or tokens."""

import os
import threading
from functools import cache
from typing import TYPE_CHECKING

import shared.aws.silence  # noqa: F401 - what logs keeps quiet about requests

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


_MAKING = threading.RLock()


def logger() -> "Logger":
    """Return this function's JSON logger; its level and service name come from Powertools' own variables.

    Safe to share between threads. Powertools adds a handler each time that two threads make the logger at once.
    """
    with _MAKING:
        return _made()


@cache
def _made() -> "Logger":
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - the authorizer's cold start goes without it

    return Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "unstuck"), utc=True)
