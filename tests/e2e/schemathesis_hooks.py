"""The checks that schemathesis, which loads this itself, adds to its own: an answer to bad input never echoes the
input."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemathesis

_DOCUMENT = (Path(__file__).parents[2] / "functions" / "status" / "openapi.json").read_text(encoding="utf-8")
_TOO_SHORT_TO_TELL = 6


def _texts(value: object) -> Iterator[str]:
    """Yield every text that was sent as a value; answers name unknown fields on purpose."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


@schemathesis.check
def never_echoes_the_input(
    _context: schemathesis.CheckContext, response: schemathesis.Response, case: "schemathesis.Case[Any]"
) -> None:
    """Raise AssertionError when a text that was sent comes back in a 400 or 422."""
    if response.status_code not in (400, 422):
        return
    for sent in (case.body, case.query, case.headers):
        for text in _texts(dict(sent) if isinstance(sent, dict) else sent):
            known = len(text) < _TOO_SHORT_TO_TELL or text in _DOCUMENT
            assert known or text not in response.text, f"the answer echoes {text[:80]!r}"
