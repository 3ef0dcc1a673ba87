"""No foreign text takes more than linear time: by construction for regular expressions, by count for loops.

A regular expression that meets foreign text is one of two. Each of its repeats is bounded or gives nothing back, or it
looks at one character. The tests count steps of Python, because seconds depend more on the machine.
"""

import ast
import contextlib
import importlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from re import _constants as codes  # the parser's own names for its results
from re import _parser as parser
from typing import Any

import pytest

from functions.process import conversation
from functions.process.provider import excerpt
from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects.bedrock import EventStreamFraming
from functions.process.provider.dialects.chat_completions import Compatible
from functions.process.provider.events import BodyFraming
from functions.process.provider.pictures import Sketches
from functions.process.provider.report import report_of_bytes
from functions.process.provider.retry_after import retry_after_of
from functions.process.provider.wordings import meaning_of
from local.model_server import assistance, flashcards, gullible, stories
from local.model_server.conversation import read_conversation
from local.model_server.sentences import fragments, split_sentences
from shared.domain.clock import SystemClock
from shared.domain.idempotency import read_key
from shared.http import cursor
from shared.kinds.contract import Prompt
from tests.unit.steps import steps

pytestmark = pytest.mark.any_kinds

ROOT = Path(__file__).parents[2]
FOREIGN = ("functions", "shared", "operations", "clients/python/src", "local")
# Their texts are ours: our template, our expressions, our instructions and the forms that we name in them.
OURS = {
    "functions/process/conversation.py",
    "shared/store/expressions.py",
    "operations/deployment.py",
    "operations/exposure.py",
    "local/release.py",
    "local/artifacts.py",
    "local/amazon_roots.py",
    "operations/idle_cost.py",
    "local/model_server/named_bounds.py",
    "operations/preflight/plan.py",
    "clients/python/src/unstuck/codegen/python.py",
}
# Each is given a text of a bounded length, which `test_the_local_rules_see_no_long_text` holds, and its neighbour.
BOUNDED = {"functions/process/provider/excerpt.py"} | {
    f"local/model_server/{name}.py"
    for name in ("card_rules", "verb_rules", "grammar", "assistance", "gullible", "stories")
}
_MANY_STARTS = {"search", "finditer", "findall", "sub", "subn", "split"}


def patterns() -> Iterator[tuple[str, str, int, set[str]]]:
    """Yield each pattern in the code, with its place, its flags, and the functions that use it."""
    files = [file for folder in FOREIGN for file in sorted((ROOT / folder).rglob("*.py"))]
    trees = {str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8")) for file in files}
    uses = _uses_of_names(trees.values())
    for path, tree in trees.items():
        names = {id(node.value): node.targets[0] for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = ast.unparse(call.func).removeprefix("re.")
            if not ast.unparse(call.func).startswith("re.") or function == "escape" or path in OURS | BOUNDED:
                continue
            named = names.get(id(call))
            used = (
                {function}
                if function != "compile"
                else uses.get(named.id, set())
                if isinstance(named, ast.Name)
                else set()
            )
            given = [*call.args[1:], *(word.value for word in call.keywords)]
            flags = next((each for each in given if "re." in ast.unparse(each)), ast.Constant(0))
            pattern, bits = (_value(path, each) for each in (call.args[0], flags))
            yield f"{path}:{call.lineno}", pattern, int(bits), used


def _value(path: str, expression: ast.expr) -> Any:
    name = path.removeprefix("clients/python/src/").removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    code = compile(ast.fix_missing_locations(ast.Expression(expression)), path, "eval")
    return eval(code, vars(importlib.import_module(name)))  # noqa: S307 (it is our own source)


def _uses_of_names(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    uses: dict[str, set[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses.setdefault(node.value.id, set()).add(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "matching":
            for given in node.args:
                uses.setdefault(ast.unparse(given), set()).add("fullmatch")  # it is what `Query.matching` does
    return uses


def is_linear(pattern: str | bytes, flags: int, uses: set[str]) -> bool:
    """Whether no text makes the pattern take more than linear time, as far as its form alone shows."""
    parts = list(parser.parse(pattern, flags))
    if len(parts) == 1 and parts[0][0] in _REPEATS and parts[0][1][0] <= 1 and _is_character(parts[0][1][2]):
        return True  # each character of a run would do alone: none is looked at twice
    begins_once = not uses & _MANY_STARTS or parts[0] == (codes.AT, codes.AT_BEGINNING)
    return _gives_nothing_back(parts, may_be_endless=begins_once or _begins_after_its_own(parts))


def _is_character(parts: Any) -> bool:
    return len(parts) == 1 and parts[0][0] in (codes.IN, codes.LITERAL, codes.NOT_LITERAL, codes.ANY)


_REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}


def _begins_after_its_own(parts: list[Any]) -> bool:
    """Whether a pattern cannot begin inside its own first repeat, so that no character is read from many starts."""
    kinds = [kind for kind, _ in parts]
    return kinds[:2] == [codes.ASSERT_NOT, codes.POSSESSIVE_REPEAT] and list(parts[0][1][1]) == list(parts[1][1][2])


def _gives_nothing_back(parts: Any, *, may_be_endless: bool, inside: bool = False) -> bool:
    """Whether each repeat is bounded and in no other, or takes what it can and keeps it."""
    for kind, value in parts:
        endless, most = may_be_endless, 1
        if kind in _REPEATS:
            most, keeps = value[1], kind is codes.POSSESSIVE_REPEAT
            if (most is codes.MAXREPEAT and not (keeps and may_be_endless)) or (inside and most > 1 and not keeps):
                return False
            endless = may_be_endless and most == 1
        within = _within(kind, value)
        if not all(_gives_nothing_back(each, may_be_endless=endless, inside=inside or most > 1) for each in within):
            return False
    return True


def _within(kind: Any, value: Any) -> list[Any]:
    if kind in _REPEATS:
        return [value[2]]
    if kind is codes.SUBPATTERN:
        return [value[3]]
    if kind in (codes.ASSERT, codes.ASSERT_NOT):
        return [value[1]]
    if kind is codes.BRANCH:
        return list(value[1])
    assert kind in (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY, codes.AT, codes.GROUPREF), kind
    return []


def test_each_regular_expression_over_foreign_text_is_linear_by_its_form() -> None:
    found = list(patterns())
    assert len(found) > 25
    for where, _pattern, _flags, uses in found:
        assert uses, f"{where}: it is used in a way that this test does not see"
    assert [(where, pattern) for where, pattern, flags, uses in found if not is_linear(pattern, flags, uses)] == []


@pytest.mark.parametrize(
    ("pattern", "use"),
    [
        (r"<(?=\s*/?\s*name)", "sub"),
        (r"\s+$", "sub"),
        (r"[.!?]+\s+", "finditer"),
        (r"[.!?]++\s++", "finditer"),
        (r"(a{1,20}){1,20}", "fullmatch"),
        (r"(?:a|aa)*", "fullmatch"),
        (r"^<(\w+)>(.*)</\1>$", "search"),
        (r"```(?:json)?\s*(.*?)\s*```", "search"),
        (r".+ (x)", "match"),
    ],
)
def test_one_that_takes_more_is_seen(pattern: str, use: str) -> None:
    assert not is_linear(pattern, 0, {use})


# A message of an event stream that holds nothing: its length, that of its headers, and two checksums.
_BLANK_FRAME = "\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff"


def _fed(make: Callable[[], Any], cut: int) -> Callable[[str], None]:
    def run(text: str) -> None:
        framing, raw = make(), text.encode("latin-1", "replace")
        for at in range(0, len(raw), cut):
            for _ in framing.feed(raw[at : at + cut]):
                pass

    return run


def _read_event(text: str) -> None:
    answer = AnswerReader("m")
    Compatible("http://x").read(answer, text.encode(), last=True)


def _refused(text: str) -> None:
    report = report_of_bytes(text.encode())
    meaning_of(report, 400, told_wait=False)
    retry_after_of({"retry-after": text, "date": text}, report.body, report.text, SystemClock().now())


def _sketched(text: str) -> None:
    sketches = Sketches()
    sketches.add("data:image/png;base64,", index=0, draft=False)
    for at in range(0, len(text), 10):
        sketches.add(text[at : at + 10].replace("data:", "_____"), index=0, draft=False)


def _quietly(run: Callable[[str], Any]) -> Callable[[str], None]:
    def call(text: str) -> None:
        with contextlib.suppress(ValueError):
            run(text)

    return call


def _asked(text: str) -> None:
    asked = read_conversation(b'{"model": "m", "messages": [{"role": "user", "content": ""}]}')
    turned = type(asked)(
        asked.model, (), (("user", f"<source_text>\n{text}\n</source_text>"), ("user", text)), None, False, None, None
    )
    _ = turned.said, turned.source_text
    for said in gullible._said(type("Ask", (), {"conversation": turned})()):
        gullible._outside(said)


READERS: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "a prompt": (
        lambda text: conversation.of(Prompt("Between <a> and </a>.", {"a": text}, "form")),
        ("<", "< ", "word "),
    ),
    "an event of a provider's": (_read_event, ("[", '{"a":1},')),
    "a provider's refusal": (_refused, ("[", '"', "retry after ", "1", "a:")),
    "a body in small pieces": (_fed(lambda: BodyFraming(1 << 24), 50), (" ", "\n", "data: x")),
    "a body in large pieces": (_fed(lambda: BodyFraming(1 << 24), 65_536), ("\r" + "x" * 9, "data:" + " " * 95)),
    "an event stream in small pieces": (_fed(lambda: EventStreamFraming(1 << 24), 50), (_BLANK_FRAME, "\0\x10\0\0")),
    "a picture in small pieces": (_sketched, ("A",)),
    "an idempotency key": (_quietly(read_key), ('"', '"\\', "x")),
    "a cursor": (_quietly(cursor.decode), ("A", "=")),
    "sentences of the local model": (split_sentences, ("a. ", "\n", " ", "...")),
    "fragments of the local model": (lambda text: fragments(text, 80), ("a ", "aaaaaaaaaa")),
    "cards of the local model": (flashcards.make_cards, ("The cell is in a vat of life. ",)),
    "an outline of the local model": (lambda text: stories.outline_of(text, 4), ("the a ",)),
    "help of the local model": (lambda text: (assistance.goal_of(text), assistance.order_of(text)), ("a, ", " ")),
    "what the local model was asked": (_asked, ("<a>\n", "<", "</a>\n")),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_hundred_times_the_text_takes_a_hundred_times_the_steps(reader: str) -> None:
    read, worst = READERS[reader]
    read("warm")
    for piece in worst:
        small, large = (_of(piece, size) for size in (10_000, 1_000_000))
        few, many = steps(lambda text=small: read(text)), steps(lambda text=large: read(text))  # type: ignore[misc]
        assert many < 130 * few + 50_000, repr(piece)


def _of(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


@pytest.mark.parametrize("piece", ["key ", "eyJ-", "authorization" + " " * 500, "sk-" * 9])
def test_an_excerpt_looks_at_the_begin_of_what_was_said_alone(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    looked_at, visible = [0], excerpt._visible

    def counted(letter: str) -> str:
        looked_at[0] += 1
        return visible(letter)

    monkeypatch.setattr(excerpt, "_visible", counted)
    excerpt.excerpt_of(piece * 100_000, "sk-the-key-of-the-call")
    assert looked_at == [8_000]


def test_the_local_rules_see_no_long_text(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def rule(sentence: Any) -> None:
        seen.append(len(sentence.words))

    monkeypatch.setattr(flashcards, "RULES", (rule,))
    monkeypatch.setattr(flashcards, "EXTRA_RULES", ())
    flashcards.make_cards("The cell is the unit of life. The cell of " + "the life is in a " * 10_000 + ".")
    assert seen
    assert max(seen) <= flashcards.LONGEST_SENTENCE
    assert assistance.tasks_of("buy milk, " * 100_000) == assistance.tasks_of(("buy milk, " * 1_000)[:2_000])
    assert stories._cast("The cat. " * 10_000) == stories._cast("The cat. " * 200)
