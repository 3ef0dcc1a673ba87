"""Writes the register of error codes into docs/errors.md and into both clients, or checks that they hold it.

Run it as `.venv/bin/python -m docs.render_codes [--check]`. Every word is the register's: `shared/domain/codes`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.failures import failures
from shared.domain.codes import Code
from shared.domain.codes.failures import FAILURES
from shared.domain.codes.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
TYPESCRIPT = ROOT / "clients" / "typescript" / "src" / "codes.ts"
PYTHON = ROOT / "clients" / "python" / "src" / "unstuck" / "codes.py"
_COMMAND = "python -m docs.render_codes"
_GROUPS = {"provider_": "of the provider", "user_key_": "of the provider", "output_": "of the answer"}


def page(text: str) -> str:
    """Return the page with what stands between its marks replaced. Raises ValueError when a mark is missing."""
    for name, sections in (("problems", _problems()), ("failures", _failures())):
        begin, end = f"<!-- begin: {name}, rendered by docs/render_codes.py -->", f"<!-- end: {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{PAGE.name} must hold both marks: {begin} and {end}")
        text = f"{before}{begin}\n\n" + "\n\n".join(sections) + f"\n\n{end}{after}"
    return text


def _problems() -> Iterator[str]:
    for name, code in PROBLEMS.items():
        yield f"### `{name}`\n\n{code.status}. {code.detail} Fault: {code.fault}. {code.fix}"


def _failures() -> Iterator[str]:
    group = ""
    for name, code in failures().items():
        of = _group_of(name)
        if of != group:
            yield f"### Failures {of}"
            group = of
        ours = " It is logged as an error and sets off `CaughtErrorsAlarm`." if code.is_ours else ""
        retried = "yes" if code.retried else "no"
        detail = code.detail or code.title
        yield f"#### `{name}`\n\n{detail}{ours} Fault: {code.fault}. Retried by us: {retried}. {code.fix}"


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
    """Return 0 when all three hold the register in the end, 1 when `--check` finds one that does not."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is out of date")
    check = parser.parse_args(arguments).check
    wanted = {PAGE: page(PAGE.read_text(encoding="utf-8")), TYPESCRIPT: typescript(), PYTHON: python()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run .venv/bin/{_COMMAND}", file=sys.stderr)
        else:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
