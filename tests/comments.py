"""Reads the comments and docstrings of sources for the checker of words. Reads no other string, name or code."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.words import ROOT, Finding, Piece, of_pieces, without_code

type Remark = tuple[int, str]
"""The line on which a text begins, and the text, without what marks it as a comment."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def findings(name: str, source: str) -> list[Finding]:
    """Return the faults of a source's comments and docstrings."""
    read = reader(name)
    remarks = read(source) if read else ()
    pieces = (Piece(line, without_code(text), bounded=True) for each in remarks for line, text in _blocks(each))
    return of_pieces(name, pieces)


def commented() -> dict[str, list[str]]:
    """Return the tracked sources by their first folder, or `.` for those in none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    found: dict[str, list[str]] = {}
    for name in listed.split("\0"):
        path = Path(name)
        if reader(name) and "dist" not in path.parts and (ROOT / path).exists():
            found.setdefault(path.parts[0] if len(path.parts) > 1 else ".", []).append(name)
    return found


def reader(name: str) -> Callable[[str], Iterator[Remark]] | None:
    """Return what reads the comments of a file, by its name, or None if nothing does."""
    path = Path(name)
    return _BY_NAME.get(path.name) or _BY_SUFFIX.get(path.suffix)


def docstrings(source: str) -> Iterator[Remark]:
    """Read the docstrings of a module, its classes, functions, attributes and constants."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DOCUMENTED):
            for statement in node.body:
                match statement:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        yield statement.lineno, text


def _python(source: str) -> Iterator[Remark]:
    yield from docstrings(source)
    lines = source.splitlines()
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            (line, column) = token.start
            found.append((line, token.string.lstrip("#").strip(), not lines[line - 1][:column].strip()))
    yield from _joined(found)


_SCRIPT = re.compile(
    r"""(?P<block>/\*.*?\*/)|(?P<line>//[^\n]*)"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<=[(,=:\[!&|?{};\n])\s*/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/""",
    re.S,
)


def _script(source: str) -> Iterator[Remark]:
    """Read `//` and `/* */`, outside of strings, templates and regular expressions."""
    found = []
    for match in _SCRIPT.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        if match["block"]:
            yield line, re.sub(r"\n\s*\*? ?", "\n", match["block"][2:-2].strip("*"))
        elif match["line"]:
            before = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
            found.append((line, match["line"].strip("/ "), not before.strip()))
    yield from _joined(found)


_HASH = re.compile(r"""((?:[^#"']|"[^"]*"|'[^']*'|(?<=\w)'|(?<=\S)#)*?)(?:(?<=\s)|(?<![^\n]))#+(?!!)(.*)$""")


def _hashes(source: str) -> Iterator[Remark]:
    """Read the comments that a hash begins: at the start of a line, or after a space and outside of quotes."""
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        if match := _HASH.match(line):
            found.append((number, match[2].strip(), not match[1].strip()))
    yield from _joined(found)


def _blocks(remark: Remark) -> Iterator[Remark]:
    """Split a remark where a sentence cannot go on: at blank lines, list items, directives of tools and code."""
    first, text = remark
    begun: list[str] = []
    began = first
    for line, words in enumerate(text.splitlines(), first):
        apart = not words.strip() or bool(_APART.match(words))
        if begun and (apart or _ITEM.match(words)):
            yield began, "\n".join(begun)
            begun = []
        if not apart:
            began = began if begun else line
            begun.append(words)
    if begun:
        yield began, "\n".join(begun)


_ITEM = re.compile(r"\s*([-*]|\d+\.) ")
_APART = re.compile(
    r"\s*(noqa|ruff: |fmt: |type: ignore|biome-ignore|@ts-|@vite|shellcheck |pragma|----)"
    r"|.*\S {3,}\S|(from \S+ )?import |\w+ = "
)


def _joined(comments: Iterable[tuple[int, str, bool]]) -> Iterator[Remark]:
    """Join the lines of a comment that goes on below, so that a sentence is read as one."""
    begun: list[str] = []
    first = after = 0
    for line, text, alone in comments:
        if begun and not (alone and line == after):
            yield first, "\n".join(begun)
            begun = []
        first = first if begun else line
        begun, after = [*begun, text], line + 1 if alone else 0
    if begun:
        yield first, "\n".join(begun)


_BY_SUFFIX = {
    ".py": _python,
    **dict.fromkeys((".ts", ".tsx", ".js", ".mjs", ".mts", ".css"), _script),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".sh", ".in"), _hashes),
}
_BY_NAME = dict.fromkeys(("Makefile", "run", ".gitignore"), _hashes)
