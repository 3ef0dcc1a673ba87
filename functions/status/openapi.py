"""Serves the OpenAPI document, a file that `docs/render_openapi.py` made before the deployment."""

import hashlib
from functools import cache
from pathlib import Path

from shared.http.request import Request
from shared.http.response import Response
from shared.view.view import matches

_FILE = Path(__file__).with_name("openapi.json")
_KEPT_SECONDS = 300


@cache
def _document() -> tuple[str, str]:
    """Return the document and its ETag, read once per process."""
    text = _FILE.read_text(encoding="utf-8")
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def openapi(request: Request) -> Response:
    """Return the document; 304 if the caller already has it."""
    text, tag = _document()
    headers = {"etag": tag, "cache-control": f"public, max-age={_KEPT_SECONDS}"}
    if matches(request.header("if-none-match"), tag):
        return Response(304, None, headers)
    return Response(200, text, headers)
