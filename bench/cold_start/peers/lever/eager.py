"""Our status with what other functions need imported as well: pydantic and the HTTP client."""

import httpx
import pydantic

from functions.status.handler import handler

__all__ = ["handler", "httpx", "pydantic"]
