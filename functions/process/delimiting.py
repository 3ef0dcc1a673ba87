"""Puts texts between tags that no text can open or close, whatever it says.

One pass over each text, in steps that are linear in its length.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

_NEW_LINE = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
"""Invisible control and format characters, which could hide a tag from us but not from a model."""

_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Characters that Unicode calls letters but that are invisible as well."""

# Persian, Hindi and emoji use joiners. Next to ASCII, a joiner only serves to split a word.
_SPLITTING = re.compile(r"(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])")
_OPENERS = "<\uff1c\ufe64\u2039\u2329\u3008\u27e8\u276e\u02c2\u1438\u226e"
_CLOSERS = ">\uff1e\ufe65\u203a\u232a\u3009\u27e9\u276f\u02c3\u1433\u226f"
_ENDS = frozenset(f"{_OPENERS}{_CLOSERS}(")
_OPENER = re.compile(f"[{_OPENERS}]")
_NAMED = re.compile(r"</?([\w.-]{1,100})>")


def delimited(data: Mapping[str, str], instructions: str) -> str:
    """Return each text between tags of its name. No text contains a tag of `data` or of `instructions`."""
    names = names_in(data, instructions)
    return "\n".join(f"<{name}>\n{cleaned(text, names)}\n</{name}>" for name, text in data.items())


def names_in(data: Mapping[str, str], instructions: str) -> frozenset[str]:
    """Return the names of a prompt's tags: those of its data, and those that its instructions mention."""
    return frozenset(map(_letters, (*data, *_NAMED.findall(instructions))))


def cleaned(text: str, names: Iterable[str]) -> str:
    """Return the text without control and format characters, with `(` in place of each bracket that opens one of
    `names`.

    A model may read it as the tag whatever follows the name, such as attributes or no end. Case, width, accents, white
    space and punctuation make no difference, between bracket and name or inside the name.
    """
    text = _SPLITTING.sub("", _HIDDEN.sub("", _NEW_LINE.sub("\n", text)))
    known = tuple(names)
    parts: list[str] = []
    kept = 0
    for bracket in _OPENER.finditer(text):
        if _names_one(text, bracket.end(), known):
            parts += (text[kept : bracket.start()], "(")
            kept = bracket.end()
    return "".join((*parts, text[kept:]))


def _names_one(text: str, at: int, names: tuple[str, ...]) -> bool:
    """Whether the letters from `at` on start with a name. Stops at the next bracket, so that no letter is read
    twice."""
    read = ""
    while at < len(text) and text[at] not in _ENDS:
        if letters := _letters(text[at]):
            read += letters
            if read.startswith(names):
                return True
            if not any(name.startswith(read) for name in names):
                return False
        at += 1
    return False


@lru_cache(maxsize=256)
def _letters(text: str) -> str:
    # One character at a time: normalizing a long run of accents would take quadratic time.
    folded = (unicodedata.normalize("NFKD", character.upper()).casefold() for character in text)
    return "".join(letter for part in folded for letter in part if letter.isalnum() and letter not in _FILLERS)
