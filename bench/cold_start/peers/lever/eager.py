"""Our status that also imports what other functions need: pydantic and the HTTP client."""

import httpx
import pydantic

from functions.status.handler import handler

__all__ = ["handler", "httpx", "pydantic"]
