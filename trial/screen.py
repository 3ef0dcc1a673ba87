"""Shows a trial while it runs: each step, each call with the model's text, and the totals."""

import sys
import time
from collections.abc import Iterable
from typing import TextIO

from shared.domain.generation import Generation, StoredStep


class Screen:
    """Writes to `out` as things happen. Removes control characters from the model's text."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._began = time.monotonic()
        self._midline = False

    def say(self, line: str) -> None:
        """Write a line of our own, with the seconds since the start."""
        self._break()
        print(f"{time.monotonic() - self._began:6.1f} s  {_plain(line)}", file=self._out, flush=True)

    def words(self, text: str) -> None:
        """Write what the model has just written."""
        shown = _plain(text)
        self._out.write(shown)
        self._out.flush()
        self._midline = bool(shown) and not shown.endswith("\n")

    def result(self, head: Generation, steps: list[StoredStep]) -> None:
        """Write what each step took, and what all of it came to."""
        self._break()
        print(f"\n{'step':<24}{'seconds':>9}{'calls':>7}{'tokens in':>11}{'out':>8}{'USD':>11}", file=self._out)
        for step in steps:
            used = step.usage
            print(
                f"{step.name:<24}{step.duration_seconds:>9.1f}{used.calls:>7}{used.prompt_tokens:>11,}"
                f"{used.completion_tokens:>8,}{used.cost_usd:>11.6f}",
                file=self._out,
            )
        used = head.usage
        ended = f"{head.status}, {used.calls} calls, {used.cost_usd:.6f} USD"
        if used.wasted_cost_usd:
            ended += f", {used.wasted_cost_usd:.6f} of that for unusable answers"
        self.say(ended)
        if head.error is not None:
            self.say(f"{head.error.code}: {head.error.message} (docs/errors.md has what to do)")

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines as they are, below a blank one."""
        self._break()
        print("", *lines, sep="\n", file=self._out)

    def _break(self) -> None:
        if self._midline:
            print(file=self._out)
            self._midline = False


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")
