"""The checker of words finds the comments and docstrings of each language, and nothing else of a source."""

import pytest

from tests import comments


def lines_found(name: str, source: str) -> list[int]:
    return [finding.line for finding in comments.findings(name, source)]


@pytest.mark.parametrize(
    ("name", "source", "lines"),
    [
        ("a.py", '"""It was told."""\n\n\ndef f():\n    """Told."""\n', [1, 5]),
        ("a.py", 'X = 1\n"""It was told."""\n\n\nclass A:\n    b: int\n    """Told."""\n', [2, 7]),
        ("a.py", 'x = "#"  # told\n', [1]),
        ("a.py", "# It was tried\n# again.\n", [1]),
        ("a.ts", "/** It was told. */\nconst a = 1; // told\n", [1, 2]),
        ("a.ts", 'const a = "https://x"; /* It was\n told. */', [2]),
        ("a.tsx", "<p>\n  {/* told */}\n</p>\n", [2]),
        ("a.ts", "// It was tried\n// again.\n", [1]),
        ("a.yaml", "a: '#' # told\n# It was told.\n", [1, 2]),
        ("Makefile", "a: ## told\n\t# told\n", [1, 2]),
        ("a.sh", 'echo "$#"\n# told\n', [2]),
        ("a.toml", 'a = "#" # told\n', [1]),
        ("a.css", "a { color: #fff; } /* told */\n", [1]),
        ("requirements/a.in", "# told\na # told\n", [1, 2]),
    ],
)
def test_a_comment_or_docstring_is_found_on_its_line(name: str, source: str, lines: list[int]) -> None:
    assert lines_found(name, source) == lines


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.py", 'told = "told"  # `told`\nassert told, "# told"\n'),
        ("a.ts", 'const told = "// told" + `/* told */`; const a = /"\\/\\/ told/;\n'),
        ("a.ts", "const a = 'https://told';\n"),
        ("a.yaml", "told: '# told'\na#told: 1\n"),
        ("a.sh", "#!/bin/told\necho ${#told}\n"),
        ("a.json", '{"#": "told"}'),
    ],
)
def test_code_and_strings_are_left_alone(name: str, source: str) -> None:
    assert lines_found(name, source) == []


def test_a_sentence_ends_with_its_paragraph_item_or_directive() -> None:
    words = " ".join(["word"] * 20)
    assert lines_found("a.py", f'"""One {words}\n\ntwo {words}\n- three {words}\n- four {words}\n"""\n') == []
    assert lines_found("a.py", f"# One {words}\n# noqa: two {words}\n") == []
    assert lines_found("a.py", f"# One {words}\n# {words}\n") == [1]


def test_a_docstring_begins_with_its_subject() -> None:
    assert lines_found("a.py", 'def f():\n    """What f needs from its caller."""\n') == [2]


def test_build_results_are_no_sources() -> None:
    found = comments.commented()
    assert "web/src/app.tsx" in found["web"]
    assert not [name for name in found["web"] if name.startswith("web/dist")]
    assert {"Makefile", "template.yaml"} <= {*found["."]}
