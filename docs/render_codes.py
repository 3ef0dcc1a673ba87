"""Writes the register of error codes into docs/errors.md and both clients, and the doctor's findings into
docs/operating.md, or checks that they hold them.

Run it as `.venv/bin/python -m docs.render_codes [--check]`. Every word is that of `shared/domain/codes` and
`operations/findings.py`.
"""

import argparse
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path

from docs.failures import failures
from operations.findings import RULES
from shared.domain.codes import Code
from shared.domain.codes.failures import FAILURES
from shared.domain.codes.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
OPERATING = ROOT / "docs" / "operating.md"
TYPESCRIPT = ROOT / "clients" / "typescript" / "src" / "codes.ts"
PYTHON = ROOT / "clients" / "python" / "src" / "unstuck" / "codes.py"
_COMMAND = "python -m docs.render_codes"
_GROUPS = {"provider_": "of the provider", "user_key_": "of the provider", "output_": "of the answer"}


def page(text: str) -> str:
    """Return docs/errors.md with its tables rendered. Raises ValueError if a mark is missing."""
    return _between("failures", _failures(), _between("problems", _problems(), text))


def operating(text: str) -> str:
    """Return docs/operating.md with the table of findings rendered. Raises ValueError if a mark is missing."""
    rows = (_row(f"`{rule.code}`", rule.severity, rule.means, rule.do) for rule in RULES.values())
    return _between("findings", _rows(("code", "severity", "what it means", "what to do"), rows), text)


def _between(name: str, part: str, text: str) -> str:
    begin, end = f"<!-- begin: {name}, rendered by docs/render_codes.py -->", f"<!-- end: {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the page must hold both marks: {begin} and {end}")
    return f"{before}{begin}\n\n{part}\n\n{end}{after}"


def _problems() -> str:
    def row(name: str, code: Code) -> str:
        return _row(f"{_anchored(name)}<br>{code.status}, {code.fault} fault", code.detail, code.fix, _sent_again(code))

    return _table("send it again?", itertools.starmap(row, PROBLEMS.items()))


def _sent_again(code: Code) -> str:
    """Return whether the same request may get another answer: 429 says when, and a 5xx of ours passes."""
    return (
        "later"
        if code.status == HTTPStatus.TOO_MANY_REQUESTS
        else "yes"
        if code.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        else "no"
    )


def _failures() -> str:
    def row(name: str, code: Code) -> str:
        ours = " It is logged as an error and sets off `CaughtErrorsAlarm`." if code.is_ours else ""
        retried = "yes" if code.retried else "no"
        return _row(f"{_anchored(name)}<br>{code.fault} fault", f"{code.detail or code.title}{ours}", code.fix, retried)

    groups = itertools.groupby(failures().items(), lambda item: _group_of(item[0]))
    return "\n\n".join(
        f"### Failures {group}\n\n{_table('retried by us?', itertools.starmap(row, codes))}" for group, codes in groups
    )


def _table(last: str, rows: Iterable[str]) -> str:
    return _rows(("code", "what happened", "what to do", last), rows)


def _rows(head: tuple[str, ...], rows: Iterable[str]) -> str:
    return "\n".join([_row(*head), _row(*["---"] * len(head)), *rows])


def _anchored(name: str) -> str:
    return f'<a id="{name}"></a>`{name}`'


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _group_of(name: str) -> str:
    if name not in FAILURES:
        return "of a kind's own"
    return next((title for prefix, title in _GROUPS.items() if name.startswith(prefix)), "of time and the machinery")


def typescript() -> str:
    """Return the register as the TypeScript client exports it."""
    return f"""// Made by `{_COMMAND}` from the service's register of error codes; never edited by hand.

export interface Code {{
  /** What happened. */
  title: string;
  /** What to do about it. */
  fix: string;
  /** Whose fault it usually is. */
  fault: string;
  /** The HTTP status of a problem. */
  status?: number;
  /** Whether a failure was tried again before it stood: later, the same generation may well succeed. */
  retried?: boolean;
}}

/** How an HTTP call could not be done, by code. */
export const PROBLEMS: Readonly<Record<string, Code>> = {_json(PROBLEMS)};

/** How a generation ended that did not succeed, by code. */
export const FAILURES: Readonly<Record<string, Code>> = {_json(failures())};
"""


def _json(register: Mapping[str, Code]) -> str:
    told: dict[str, dict[str, object]] = {}
    for name, code in register.items():
        entry: dict[str, object] = {"title": code.title, "fix": code.fix, "fault": str(code.fault)}
        told[name] = (
            entry | ({"status": code.status} if code.status else {}) | ({"retried": True} if code.retried else {})
        )
    return json.dumps(told, ensure_ascii=False, indent=2)


def python() -> str:
    """Return the register as the Python client and its command line read it."""
    lines = [
        f'"""Made by `{_COMMAND}` from the service\'s register of error codes; never edited by hand."""',
        "",
        "from collections.abc import Mapping",
        "from typing import NamedTuple",
        "",
        "",
        "class Code(NamedTuple):",
        '    """What happened, what to do about it, and whether a failure was tried again before it stood."""',
        "",
        "    title: str",
        "    fix: str",
        "    retried: bool = False",
        "",
    ]
    for name, register in (("PROBLEMS", PROBLEMS), ("FAILURES", failures())):
        lines += ["", f"{name}: Mapping[str, Code] = {{"]
        for key, code in register.items():
            values = [json.dumps(text, ensure_ascii=False) for text in (code.title, code.fix)]
            lines += [f'    "{key}": Code({", ".join(values)}{", retried=True" if code.retried else ""}),']
        lines += ["}"]
    return _formatted("\n".join(lines) + "\n")


def _formatted(source: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(PYTHON), "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True, cwd=ROOT).stdout  # noqa: S603


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when all four are up to date in the end, 1 when `--check` finds one that does not."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is out of date")
    check = parser.parse_args(arguments).check
    wanted = {
        PAGE: page(PAGE.read_text(encoding="utf-8")),
        OPERATING: operating(OPERATING.read_text(encoding="utf-8")),
        TYPESCRIPT: typescript(),
        PYTHON: python(),
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run .venv/bin/{_COMMAND}", file=sys.stderr)
        else:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
