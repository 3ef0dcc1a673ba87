"""Cuts a text: into sentences, into fragments if there are none, and down to a length."""

import re


def word_set(words: str) -> frozenset[str]:
    """The words of a line, as a set."""
    return frozenset(words.split())


_ABBREVIATIONS = word_set("e.g i.e cf etc approx fig dr mr mrs ms prof st vs no ca z.b bzw d.h usw nr sr sra p.ej")
_STOP = re.compile(r"(?<![.!?…])[.!?…]{1,99}[\"'”’»)\]]{0,9} |[。！？]{1,99}[」』”]{0,9} ?")  # noqa: RUF001 (meant)
_BULLET = re.compile(r"^\s*+(?:[-*•–]|\d{1,2}[.)])\s++")  # noqa: RUF001 (meant)
HEADING_CHARACTERS = 60
_FULL_WIDTH_STOPS = "。！？"  # noqa: RUF001 (meant)


def split_sentences(text: str) -> list[str]:
    """The sentences in order, each on one line. Headings are left out unless there is nothing else."""
    lines = (line if line.strip() else "" for line in text.split("\n"))
    blocks = [block for paragraph in "\n".join(lines).split("\n\n") for block in _blocks(paragraph)]
    prose = [block for block in blocks if not _is_heading(block)]
    return [sentence for block in prose or blocks for sentence in _split(block)]


def fragments(text: str, size: int) -> list[str]:
    """The text in pieces of at most `size` characters, cut between words where that is possible."""
    pieces: list[str] = []
    current = ""
    for word in text.split():
        for part in (word[start : start + size] for start in range(0, len(word), size)):
            if current and len(current) + len(part) >= size:
                pieces.append(current)
                current = part
            else:
                current = f"{current} {part}".strip()
    return [*pieces, current] if current else pieces


def clip(text: str, limit: int) -> str:
    """Return at most `limit` characters, cut at a word where that loses little, with an ellipsis for the missing
    part."""
    if len(text) <= limit:
        return text
    head = text[: max(0, limit - 1)]
    at_word = head.rpartition(" ")[0]
    kept = at_word if len(at_word) > limit * 0.7 else head
    return f"{kept.rstrip(' ,;:')}…"[:limit]


def _blocks(paragraph: str) -> list[str]:
    """Lines joined if they were only wrapped; a bullet or a heading stays alone."""
    blocks: list[list[str]] = []
    joins = False
    for line in paragraph.splitlines():
        bare = _BULLET.sub("", line)
        words = " ".join(bare.split())
        if not words:
            continue
        if joins and bare == line:
            blocks[-1].append(words)
        else:
            blocks.append([words])
        joins = not (len(words) < HEADING_CHARACTERS * 0.75 and _is_heading(words) and words[0].isupper())
    return [" ".join(lines) for lines in blocks]


def _is_heading(block: str) -> bool:
    return len(block) <= HEADING_CHARACTERS and not re.search(r"[.!?…。！？:;,]", block)  # noqa: RUF001 (meant)


def _split(block: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for stop in _STOP.finditer(block):
        if stop[0][0] in _FULL_WIDTH_STOPS or _really_ends(block, stop):
            sentences.append(block[start : stop.end()].strip())
            start = stop.end()
    sentences.append(block[start:].strip())
    return [sentence for sentence in sentences if sentence]


def _really_ends(block: str, stop: re.Match[str]) -> bool:
    before = block[block.rfind(" ", 0, stop.start()) + 1 : stop.start()].lstrip("(\"'“‘").lower()  # noqa: RUF001 (meant)
    after = block[stop.end() : stop.end() + 1]
    initial = len(before) == 1 and before.isalpha()
    return not (before in _ABBREVIATIONS or initial or after.islower())
