"""Owns the cards for text of any language, or none: a sentence with its most telling word blanked out."""

import re
from collections import Counter

from local.model_server.grammar import BLANK

CONTEXT_CHARACTERS = 85
WHOLE_CHARACTERS = 190
_WORD = re.compile(r"\w(?:[\w'’-]*\w)?")  # noqa: RUF001 (meant)
_RUN_CHARACTERS = 18  # a longer "word" is a script without spaces, or no word at all


def cloze(sentence: str, frequency: Counter[str], rank: int = 0) -> tuple[str, str] | None:
    """The sentence with its `rank`-th most telling word blanked, and the word. None when it has none left."""
    spans = sorted(
        {_span(word) for word in _WORD.finditer(sentence)},
        key=lambda span: (-_weight(sentence[slice(*span)], frequency), -span[0]),
    )
    if rank >= len(spans):
        return None
    start, end = spans[rank]
    before, hidden, after = sentence[:start], sentence[start:end], sentence[end:]
    if len(before) + len(after) + len(BLANK) > WHOLE_CHARACTERS:
        before, after = _tail(before), _head(after)
    return f"{before}{BLANK}{after}", hidden


def _span(word: re.Match[str]) -> tuple[int, int]:
    start, end = word.span()
    if end - start <= _RUN_CHARACTERS:
        return start, end
    middle = (start + end) // 2
    return middle - 2, middle + 2


def _weight(word: str, frequency: Counter[str]) -> float:
    """Long words tell most, rare ones more; a number is worth a long word; a word of three letters nothing."""
    length: float = 9 if word[0].isdecimal() else min(len(word), 12)
    if len(word) < 4 and not word.isupper():
        length = len(word) / 10
    return length / (1 + 0.2 * frequency[word.lower()])


def _tail(text: str) -> str:
    if len(text) <= CONTEXT_CHARACTERS:
        return text
    kept = text[-CONTEXT_CHARACTERS:]
    return "…" + (kept.partition(" ")[2] or kept)


def _head(text: str) -> str:
    if len(text) <= CONTEXT_CHARACTERS:
        return text
    kept = text[:CONTEXT_CHARACTERS]
    return (kept.rpartition(" ")[0] or kept) + "…"
