"""Removes keys, and anything that looks like a key, from a provider's text. Keeps nothing."""

import json
import re
from typing import Any

MOST_CHARACTERS = 500
_MOST_READ = 8_000
_GRAM = 8
"""This many consecutive characters of a key count as a part of it."""

_LEFT_OUT = "[left out]"
_KEYS = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|pplx|nvapi|ghp|github_pat)[-_][^\s\"',;)]{4,}"
    r"|\bAIza[\w-]{8,}"
    r"|\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{8,}"
    r"|\beyJ[\w-]{4,}(?:\.[\w-]*)*"
    r"|(?i:\b(?:bearer|basic)\s+[^\s\"',;)]+)"
)
_NAMED = re.compile(
    r"((?:key|token|secret|password|signature|credential|authorization)\\?[\"']?(?: \w{1,20}){0,2}\s*[:=]\s*)"
    r"\\?[\"']?[^\s\"',;}]+",
    re.IGNORECASE,
)
_LONG = re.compile(r"[A-Za-z0-9+/_=.-]{32,}")
"""An AWS secret, a session token, a hash: no word of a sentence has this length and digits."""


def looks_like_a_key(word: str) -> bool:
    """Whether a single word could be or contain a key."""
    return bool(_KEYS.search(word) or (_LONG.search(word) and any(letter.isdigit() for letter in word)))


def excerpt_of(body: Any, api_key: str) -> str:
    """Return at most 500 characters of a provider's text, without control characters and keys.

    Removes everything that looks like a key, and any eight consecutive characters of `api_key`. The rest may still
    quote the user's text, so it is only for the operator's log.
    """
    said = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str)
    text = "".join(_visible(letter) for letter in said[:_MOST_READ])
    text = _without(text, api_key.strip())
    text = _KEYS.sub(_LEFT_OUT, text)
    text = _NAMED.sub(rf"\1{_LEFT_OUT}", text)
    text = _LONG.sub(lambda found: _LEFT_OUT if looks_like_a_key(found[0]) else found[0], text)
    return " ".join(text.split())[:MOST_CHARACTERS]


def _visible(letter: str) -> str:
    # Invisible characters are removed first: they could split a key so that no pattern finds it.
    return " " if letter.isspace() else letter if letter.isprintable() else ""


def _without(text: str, key: str) -> str:
    """Return the text without every part of the key that is too long to be chance."""
    if len(key) < _GRAM:
        return text.replace(key, _LEFT_OUT) if len(key) >= _GRAM // 2 else text
    key, folded = key.casefold(), text.casefold()
    if len(folded) != len(text):  # a few letters are longer in the other case, which would shift positions
        text = folded
    grams = {key[at : at + _GRAM] for at in range(len(key) - _GRAM + 1)}
    hidden = {
        place
        for at in range(len(folded) - _GRAM + 1)
        if folded[at : at + _GRAM] in grams
        for place in range(at, at + _GRAM)
    }
    shown = [_mark(at, hidden) if at in hidden else letter for at, letter in enumerate(text)]
    return "".join(shown)


def _mark(at: int, hidden: set[int]) -> str:
    return "" if at - 1 in hidden else _LEFT_OUT
