"""The prose, the strings and the comments are plain: no word of the list, no long sentence. The checker finds both."""

import pytest

from tests import comments, words
from tests.words import PROSE, ROOT, STRINGS, findings

COMMENTED = comments.commented()
PAGES = {path.relative_to(ROOT).as_posix() for path in words.files(PROSE)}


def found_in(name: str, text: str) -> list[str]:
    return [str(finding) for finding in findings(name, text)]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_plain(name: str) -> None:
    assert found_in(name, (ROOT / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("pattern", STRINGS)
def test_what_users_read_of_the_sources_is_plain(pattern: str) -> None:
    for path in words.files((pattern,)):
        assert found_in(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", sorted(COMMENTED))
def test_comments_and_docstrings_are_plain(folder: str) -> None:
    for name in COMMENTED[folder]:
        assert comments.findings(name, (ROOT / name).read_text(encoding="utf-8")) == []


def test_a_scope_that_is_of_no_file_is_refused() -> None:
    with pytest.raises(ValueError, match="is not of any file"):
        words.files(("docs/*.rst",))


def test_a_finding_says_where_what_and_what_to_write_instead() -> None:
    assert found_in("a.md", "# Title\n\nA line.\nIt is\ntold twice.\n") == [
        "a.md:5: 'told': write instead: name the actor: 'the API returns', 'the log says'"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Whoever asks waits.",
        "It is made anew.",
        "Nothing goes by it.",
        "It was mended.",
        "Else it fails.",
        "It waits so\nlong.",
        "| a | b |\n| --- | --- |\n| c | tried again |\n",
        "- one\n- read in vain\n",
        "> told",
        "**told**",
        "[told](a.md)",
        "![told](a.png)",
    ],
)
def test_a_word_is_found_wherever_a_reader_meets_it(text: str) -> None:
    assert found_in("a.md", text)


@pytest.mark.parametrize(
    "text",
    [
        "`told`",
        "```\ntold\n```\n",
        "<!-- told -->",
        "a foretold end",
        "anything else",
        "[it](told.md)",
        "as long as it is",
    ],
)
def test_code_targets_and_parts_of_words_are_left_alone(text: str) -> None:
    assert found_in("a.md", text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("What is not there yet is absent.", True),
        ("It ends. Who\nhas seen more than that\nsays so.", True),
        ("Of two tabs that decide the later one holds.", True),
        ("Lost are the figures of that invocation.", True),
        ("What is the cost of that, and when?", False),
        ("**What it means.** A worker is lost.", False),
        ("# What a page can show of it\n", False),
        ("It says what is not there yet.", False),
    ],
)
def test_a_sentence_begins_with_its_subject(text: str, wrong: bool) -> None:
    assert bool(found_in("a.md", text)) is wrong


def test_a_sentence_has_25_words_at_most() -> None:
    words_25 = " ".join(["word"] * 24)
    assert found_in("a.md", f"One {words_25}. One {words_25}.") == []
    assert found_in("a.md", f"A `call(with, arguments)`\n{words_25}. One more word {words_25}.") == [
        "a.md:1: 'A `..` word word word word word word ...': write instead: 26 words as sentences of 25 at most",
        "a.md:2: 'One more word word word word word word ...': write instead: 27 words as sentences of 25 at most",
    ]


def test_a_sentence_has_one_colon_at_most() -> None:
    assert found_in("a.md", "One thing: at 10:30. Two: at `a: b`.") == []
    assert "two colons" in found_in("a.md", "One thing: another: a third.")[0]


def test_cells_and_headings_may_be_long() -> None:
    long = " ".join(["word"] * 30)
    assert found_in("a.md", f"# {long}\n\n| a |\n| --- |\n| {long} |\n") == []


@pytest.mark.parametrize(
    ("name", "source", "line"),
    [
        ("a.py", 'def told():\n    """Told."""\n', 2),
        ("a.py", 'x = told\ny = f"It {told} is told."\n', 2),
        ("a.ts", "const told = 1; // told\nconst shown = 'It was told.';\n", 2),
        ("a.tsx", "<p>\n  {told}<b>It is told</b></p>", 2),
        ("a.yaml", "Told: x\nDescription: It is told `told`.\n", 1),
    ],
)
def test_strings_and_shown_text_of_sources_are_read_and_names_are_not(name: str, source: str, line: int) -> None:
    first, *_ = findings(name, source)
    assert first.line == line


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.py", "# told\ntold = 1\n"),
        ("a.py", 'x = "see `told`"\n'),
        ("a.ts", "const told = a.told; /* told */ // told\n"),
    ],
)
def test_names_comments_and_quoted_code_of_sources_are_left_alone(name: str, source: str) -> None:
    assert findings(name, source) == []
