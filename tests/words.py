"""The words that the project's prose avoids, what to write instead, and the readers that find them.

Owns the list, the limit of a sentence, and the scopes of prose and strings. `tests/comments.py` reads comments and
docstrings. `tests/unit/test_words.py` applies the list to all of them.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]

LONGEST_SENTENCE = 25
"""Words. Inline code counts as one word, a link as its visible words."""

INSTEAD = {
    r"told": "name the actor: 'the API returns', 'the log says'",
    r"whoever": "the caller, the reader, anybody who",
    r"anew": "again",
    r"so long": "while, as long as, until then",
    r"so (many|much) (at most|later|longer)|(after|for) so many": "the number, or 'that many'",
    r"mend(s|ed|ing)?": "fix",
    r"(go|goes|went) by": "use, follow, depend on",
    r"Else": "Otherwise",
    r"(what|who|nothing|anything) else than": "what other than",
    r"in vain": "for nothing, wasted",
    r"without a word": "silently, without saving anything",
    r"gone through": "read, iterate over",
    r"on what (it|this|they) rests?": "assumptions",
    r"begun again": "restarted; run it again",
    r"and the like": "begin with 'such as'",
    r"thereof|therein|whereof|hitherto|hereby|lest|whilst|amongst|ought|hence|ere": "a word that is spoken",
    r"being seen to": "recovering, being handled",
    r"who died": "the lost worker, what was lost",
    r"tried again": "retried",
    r"(try|tries) once more": "retry",
    r"(is|are|was) none (that|which|of ours|of it)": "is not one that",
    r"for want of": "without",
    r"to be had": "available",
    r"as ever": "as always",
    r"dear(er)?": "expensive",
}
"""Maps a pattern of words to the words to write instead. Only `Else` depends on the case."""

FIRST = {
    r"(What|Who|Whose) ": "begin with the subject, then the verb: 'What' and 'Who' begin questions only",
    r"Of (it|two|them|what|those|these|an?|the) ": "begin with the subject, then the verb",
    r"(Lost|Left|Gone|Not in it) (is|are|was|were) ": "begin with the subject, then the verb",
}
"""Maps a wrong beginning of a sentence to advice. Questions and titles may begin in any way."""

PROSE = (
    "*.md",
    "bench/*.md",
    "docs/**/*.md",
    "clients/*/README.md",
    "examples/**/*.md",
    "web/README.md",
    ".github/**/*.md",
)
"""Checked for words, beginnings, and the length of sentences."""

STRINGS: tuple[str, ...] = (
    "shared/**/*.py",
    "functions/**/*.py",
    "operations/**/*.py",
    "local/*.py",
    "trial/**/*.py",
    "clients/python/src/**/*.py",
    "clients/typescript/src/**/*.ts*",
    "web/src/**/*.ts*",
    "docs/*.py",
    "examples/**/*.py",
    "examples/**/*.ts*",
    "template.yaml",
    "Makefile",
    "deploy.example.toml",
    "samconfig.toml",
)
"""Sources whose strings and visible texts are checked for words: users and operators see them. The stories of the local
model server are not among them."""


class Piece(NamedTuple):
    """Running text, and its first line in its file. `bounded`: its sentences are checked too, as in a paragraph."""

    line: int
    text: str
    bounded: bool


class Finding(NamedTuple):
    """A place in a text with a fault, and what to write instead."""

    file: str
    line: int
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found!r}: write instead: {self.instead}"


_WORDS = [
    (re.compile(rf"\b(?:{pattern})\b".replace(" ", r"\s+"), re.IGNORECASE if pattern.islower() else 0), instead)
    for pattern, instead in INSTEAD.items()
]
_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)[\"')\]]*\s+")
_LABEL = 4
"""Words. A sentence of no more, such as 'What it means.' in a runbook, is a heading and begins as it likes."""

_CODE = "\x00"
"""Replaces inline code: it counts as one word without findings."""


def files(patterns: tuple[str, ...]) -> list[Path]:
    """Return the files of a scope. Raises ValueError for a pattern that matches no file, such as after a move."""
    found: list[Path] = []
    for pattern in patterns:
        of_pattern = [path for path in sorted(ROOT.glob(pattern)) if not {"node_modules", "dist"} & {*path.parts}]
        if not of_pattern:
            raise ValueError(f"{pattern} in tests/words.py is not of any file")
        found += of_pattern
    return found


def findings(name: str, source: str) -> list[Finding]:
    """Return the faults of a source. The suffix of its name decides how to read it."""
    return of_pieces(name, _READERS.get(Path(name).suffix, _lines)(source))


def of_pieces(name: str, pieces: Iterable[Piece]) -> list[Finding]:
    """Return the faults of these texts."""
    found = []
    for piece in pieces:
        for pattern, instead in _WORDS:
            for match in pattern.finditer(piece.text):
                found.append(_finding(name, piece, match.start(), match[0], instead))
        if piece.bounded:
            found += _of_sentences(name, piece)
    return found


def _of_sentences(name: str, piece: Piece) -> Iterator[Finding]:
    at = 0
    for sentence in _END.split(piece.text):
        at = piece.text.index(sentence, at)
        for pattern, instead in FIRST.items():
            match = re.match(pattern.replace(" ", r"\s+"), sentence)
            if match and re.search(r"[.!:][\"')\]]*\s*$", sentence) and len(sentence.split()) > _LABEL:
                yield _finding(name, piece, at, match[0].strip(), instead)
        count = len([word for word in sentence.split() if re.search(r"[\w\x00]", word)])
        shown = " ".join(sentence.replace(_CODE, "`..`").split()[:8]) + " ..."
        if count > LONGEST_SENTENCE:
            yield _finding(name, piece, at, shown, f"{count} words as sentences of {LONGEST_SENTENCE} at most")
        if len(re.findall(r":\s", sentence)) > 1:
            yield _finding(name, piece, at, shown, "two sentences: this one has two colons")


def _finding(name: str, piece: Piece, at: int, found: str, instead: str) -> Finding:
    return Finding(name, piece.line + piece.text.count("\n", 0, at), " ".join(found.split()), instead)


def _markdown(source: str) -> Iterator[Piece]:
    """Read headings, paragraphs, list items, cells and the texts of pictures; no code, no comment."""
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    for before, token in pairwise(tokens):
        if token.type == "inline" and token.map:
            line, children = token.map[0] + 1, token.children or []
            yield Piece(line, "".join(map(_shown, children)), before.type == "paragraph_open")
            yield from (Piece(line, child.content, bounded=False) for child in children if child.type == "image")


def _shown(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "code_inline":
        return _CODE
    return token.content if token.type == "text" else ""


def _python(source: str) -> Iterator[Piece]:
    """Read each string of a module, including docstrings and the parts of f-strings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Piece(node.lineno, without_code(node.value), bounded=False)


_SHOWN_BY_SCRIPT = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|>[^<>{}=;]*[<{]|^[\w ,.]*$", re.M
)


def _script(source: str) -> Iterator[Piece]:
    """Read each string of TypeScript, and the text between the tags of JSX; no comment."""
    bare = re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", lambda match: re.sub(r"[^\n]", " ", match[0]), source, flags=re.S)
    for match in _SHOWN_BY_SCRIPT.finditer(bare):
        yield Piece(source.count("\n", 0, match.start()) + 1, match[0], bounded=False)


def _lines(source: str) -> Iterator[Piece]:
    for number, line in enumerate(source.splitlines(), 1):
        yield Piece(number, without_code(line), bounded=False)


def without_code(text: str) -> str:
    """Return the text with `_CODE` for each piece of inline code."""
    return re.sub(r"`[^`\n]*`", _CODE, text)


_READERS = {".md": _markdown, ".py": _python, ".ts": _script, ".tsx": _script}
