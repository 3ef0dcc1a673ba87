"""Fetches the issuer's key set: one address, in the clear only on this machine, with a deadline and a cap on bytes."""

import http.client
import urllib.request
from typing import Any, override
from urllib.parse import urlsplit

from shared.domain.clock import Clock

TIMEOUT_SECONDS = 2.0
MAX_BYTES = 256 * 1024
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The keys decide who gets in: they come from the configured address or not at all."""

    @override
    def redirect_request(self, *_arguments: Any) -> None:
        return None  # urllib then raises the redirect as an HTTPError


_OPENER = urllib.request.build_opener(_NoRedirect)


def download(url: str, clock: Clock) -> bytes:
    """Return what is at `url`. Raises OSError when it is not to be had, ValueError when it must not be asked for."""
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
        raise ValueError("keys are fetched by https alone")
    deadline = clock.monotonic() + TIMEOUT_SECONDS
    content = b""
    try:
        with _OPENER.open(url, timeout=TIMEOUT_SECONDS) as answer:
            while part := answer.read1(MAX_BYTES):
                content += part
                if len(content) > MAX_BYTES:
                    raise OSError("the key set is too large")
                if clock.monotonic() > deadline:
                    raise TimeoutError("the key set comes too slowly")
    except http.client.HTTPException as error:
        raise OSError(f"no answer of HTTP: {type(error).__name__}") from error
    return content
