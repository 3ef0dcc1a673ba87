"""A server's report of a failure, in any shape: its text in lower case, for comparison, never repeated."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from functions.process.provider import exact

MOST_CHARACTERS = 8_000
_MOST_NESTED = 8
_CODES = frozenset({"code", "type", "status", "reason", "error_type", "errorcode", "error_code", "__type", "err_code"})
_OWN_WORDS = (
    ("code", "error_code", "errorcode", "err_code"), ("reason",), ("error_type", "__type"), ("type",), ("status",),
    ("error",),
)  # fmt: skip
"""The keys of a server's own error code, the most specific first."""

_AROUND_WORDS = frozenset(
    {"error", "errors", "detail", "details", "metadata", "raw", "base_resp", "cause", "innererror", "inner_error"}
)
"""The places of such a code. Next to it, servers quote the request, which may have the same keys."""

_PLACES = frozenset({"param", "field", "parameter", "property", "loc", "location"})
_QUIET = frozenset({"", "error", "none", "null", "0", "200", "ok", "success"})


class Report(NamedTuple):
    """`codes` are short words and numbers in order, `text` is the whole text, `places` are our fields that the server
    named by their own key."""

    codes: tuple[str, ...] = ()
    text: str = ""
    places: tuple[str, ...] = ()
    body: Any = None

    @property
    def statuses(self) -> list[int]:
        """The codes that are an HTTP status, as with OpenRouter and Gemini."""
        numbers = [int(code) for code in self.codes if len(code) == 3 and code.isascii() and code.isdecimal()]
        return [number for number in numbers if 400 <= number < 600]


def report_of(body: Any) -> Report:
    """Read a value of JSON."""
    codes: list[str] = []
    said: list[str] = []
    places: list[str] = []
    for key, value in _walk("", body, 0):
        text = str(value).strip().lower()[:MOST_CHARACTERS]
        if key in _PLACES:
            places.append(text.removeprefix("body.").removeprefix("$."))
        if key in _CODES and text not in _QUIET and len(text) <= 100:
            codes.append(text)
        if isinstance(value, str):
            said.append(text)
    # A single word counts as a code, because some servers send nothing else.
    codes += [text for text in said if " " not in text and len(text) <= 60 and text not in _QUIET]
    return Report(tuple(dict.fromkeys(codes)), " \n".join(said)[:MOST_CHARACTERS], tuple(places), body)


def report_of_bytes(body: bytes, extra: str = "") -> Report:
    """Read a refusal's body, JSON or not. `extra` is the text of a header."""
    try:
        document = exact.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        document = body[:MOST_CHARACTERS].decode("utf-8", "replace")
    return report_of([extra, document] if extra else document)


def own_words(body: Any) -> Iterator[Any]:
    """Yield the server's own error codes, the most specific first: words before numbers, in their original spelling.

    Only from the places where servers keep such codes, not from quotes. A list may begin with a word from beside it.
    """
    found = list(_own_words(body, 0))
    if isinstance(body, list) and body and isinstance(body[0], str):
        yield body[0]
    for names in _OWN_WORDS:
        yield from (value for key, value in found if key in names and not str(value).isdecimal())
    yield from (value for _, value in found if str(value).isdecimal())


def _own_words(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MOST_NESTED:
        return
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = exact.loads(value[:MOST_CHARACTERS])
        except (ValueError, RecursionError):
            return
    for part in value if isinstance(value, list) else ():
        yield from _own_words(part, depth + 1) if isinstance(part, dict) else ()
    for name, part in value.items() if isinstance(value, dict) else ():
        if name.lower() in _CODES and isinstance(part, str | int) and str(part).strip().lower() not in _QUIET:
            yield name.lower(), part
        elif name.lower() in _AROUND_WORDS:
            if name.lower() == "error" and isinstance(part, str):
                yield "error", part
            yield from _own_words(part, depth + 1)


def _walk(key: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MOST_NESTED:
        return
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _walk(name.lower(), part, depth + 1)
    elif isinstance(value, list) and key == "loc":
        yield key, ".".join(str(part) for part in value)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(key, part, depth + 1)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and depth < _MOST_NESTED:
        # A gateway forwards the model's own error as a text.
        yield from _walk_text(key, value, depth)
    elif value is not None and not isinstance(value, bool):
        yield key, value


def _walk_text(key: str, value: str, depth: int) -> Iterator[tuple[str, Any]]:
    yield key, value
    try:
        inner = exact.loads(value[:MOST_CHARACTERS])
    except (ValueError, RecursionError):
        return
    if isinstance(inner, dict | list):
        yield from _walk(key, inner, depth + 1)
