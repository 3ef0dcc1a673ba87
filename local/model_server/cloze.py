"""Makes cards for text of any language, or none: a sentence with its most telling word blanked out."""

import re
from collections import Counter

from local.model_server.grammar import BLANK

CONTEXT_CHARACTERS = 85
WHOLE_CHARACTERS = 190
_WORD = re.compile(r"\w(?:[\w'’-]{0,60}\w)?")  # noqa: RUF001 (meant)
_LONGEST_WORD = 18
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u2e80-\u9fff\uff66-\uff9f]")  # Thai, Lao, Burmese, Han, kana
_SLICE_CHARACTERS = 3
_ENDINGS = ("ed", "ing", "ly")


def cloze(sentence: str, frequency: Counter[str], rank: int = 0) -> tuple[str, str] | None:
    """The sentence with its `rank`-th most telling word blanked, and the word. None when it has none left."""
    spans = sorted(
        {span for word in _WORD.finditer(sentence) for span in _spans(*word.span(), word[0])},
        key=lambda span: (-_weight(sentence[slice(*span)], frequency), -span[0]),
    )
    if rank >= len(spans):
        return None
    start, end = spans[rank]
    before, hidden, after = sentence[:start], sentence[start:end], sentence[end:]
    if len(before) + len(after) + len(BLANK) > WHOLE_CHARACTERS:
        before, after = _tail(before), _head(after)
    return f"{before}{BLANK}{after}", hidden


def _spans(start: int, end: int, word: str) -> list[tuple[int, int]]:
    """Return the parts of a word that can be blanked: all of it, or slices of it, for scripts without spaces and
    non-words."""
    if len(word) <= _LONGEST_WORD and not _UNSPACED.search(word):
        return [(start, end)]
    return [(at, min(at + _SLICE_CHARACTERS, end)) for at in range(start, end, _SLICE_CHARACTERS)]


def _weight(word: str, frequency: Counter[str]) -> float:
    """Long words tell most, rare ones more. A number counts as a long word, and a word of three letters counts
    nothing."""
    length: float = 9 if word[0].isdecimal() else min(len(word), 12)
    if len(word) < 4 and not word.isupper():
        length = len(word) / 10
    if word.endswith(_ENDINGS):  # mostly verbs and adverbs: guessing them teaches little
        length /= 2
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
