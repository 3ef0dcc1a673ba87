"""Logs, one form for every function. Never given a text of the user's, a key or a token."""

import os
from functools import cache

from aws_lambda_powertools import Logger

import shared.silence  # noqa: F401 - what logs keeps quiet about requests


@cache
def logger() -> Logger:
    """Return this function's JSON logger; its level and service name come from Powertools' own variables."""
    return Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "unstuck"), utc=True)
