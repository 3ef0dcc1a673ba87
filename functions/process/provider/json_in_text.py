"""Finds the JSON in a model's text, among thoughts, fences, sentences, end tokens or repeated JSON.

One pass over any text: no regular expressions, and each character is read once. Knows no schema.
"""

import json
from typing import NamedTuple

MOST_CANDIDATES = 20
_CLOSES = {"}": "{", "]": "["}
_END_OF_THOUGHT = ("</think>", "</thinking>", "</thought>", "</reasoning>", "◁/think▷", "[/THINK]")


class _Scan(NamedTuple):
    spans: list[tuple[int, int]]
    unclosed: bool


def candidates(text: str) -> list[str]:
    """Return the texts that may be the answer, the likeliest first: the last one after all thoughts.

    Each is an outermost bracket up to its closing one; at most the `MOST_CANDIDATES` longest.
    """
    found = _longest_last_first(_scan(text).spans)
    thought = max(text.rfind(mark) + len(mark) if mark in text else 0 for mark in _END_OF_THOUGHT)
    after = _longest_last_first(_scan(text[thought:]).spans) if thought else []
    spans = [(begin + thought, end + thought) for begin, end in after] + found
    return [text[begin:end] for begin, end in dict.fromkeys(spans)]


def holds_whole_json(text: str) -> bool:
    """Whether the last JSON value in the text is complete."""
    scan = _scan(text)
    if scan.unclosed or not scan.spans:
        return False
    begin, end = scan.spans[-1]
    try:
        json.loads(text[begin:end])
    except (ValueError, RecursionError):
        return False
    return True


def _longest_last_first(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    longest = sorted(spans, key=lambda span: span[0] - span[1])[:MOST_CANDIDATES]
    return sorted(longest, reverse=True)


def _scan(text: str) -> _Scan:
    """Find the outermost pairs of brackets. An unclosed bracket does not hide closed pairs inside it.

    Quotes count only inside brackets, and end with their line, as in JSON, so a stray quote in a sentence does no harm.
    An outermost bracket counts only if it could begin JSON.
    """
    spans: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    waiting = {"{": 0, "[": 0}
    in_string = escaped = doubtful = False
    for at, character in enumerate(text):
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character in '"\n':
                in_string = False
            continue
        if doubtful and not character.isspace():
            doubtful = False
            if not _may_follow(opened[0][0], character):
                waiting[opened.pop()[0]] -= 1
        if character in "{[":
            doubtful = not opened
            opened.append((character, at))
            waiting[character] += 1
        elif character == '"':
            in_string = bool(opened)
        elif character in _CLOSES and waiting[_CLOSES[character]]:
            begin = _close(opened, waiting, _CLOSES[character])
            while spans and spans[-1][0] > begin:
                spans.pop()
            spans.append((begin, at + 1))
    return _Scan(spans, bool(opened))


def _may_follow(bracket: str, character: str) -> bool:
    return character in ('"}' if bracket == "{" else '"{[]-0123456789tfn')


def _close(opened: list[tuple[str, int]], waiting: dict[str, int], bracket: str) -> int:
    while True:
        kind, begin = opened.pop()
        waiting[kind] -= 1
        if kind == bracket:
            return begin
