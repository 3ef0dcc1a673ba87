"""The report of a finished soak: a table to read, and the same as JSON. Judges nothing."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.soak.catalogue import KINDS
from tests.soak.tally import Account

STATUSES = ("succeeded", "failed", "canceled")
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Told:
    """A soak's result. `off` is what was found wrong, the account's lines and whatever else went against it."""

    seed: int
    seconds: float
    load_seconds: float
    faults: Counter[str]
    unanswered: int
    account: Account
    off: list[str]

    def as_json(self) -> dict[str, Any]:
        account = self.account
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "load_seconds": round(self.load_seconds, 1),
            "generations": sum(account.ends.values()),
            "ends": {kind: {end: account.ends[kind, end] for end in STATUSES} for kind in KINDS},
            "failure_codes": dict(sorted(account.codes.items())),
            "faults": dict(sorted(self.faults.items())),
            "calls_sent_again": self.unanswered,
            "paid_calls": account.paid_calls,
            "explained": dict(sorted(account.explained.items())),
            "dead_letters": account.letters,
            "slowest_end_after_last_fault_seconds": round(account.slowest_end_seconds, 1),
            "unexplained": self.off,
        }

    def show(self, console: Console) -> None:
        ends = Table("kind", *STATUSES, "all", title="Generations, by how they ended", title_justify="left")
        for kind in KINDS:
            counts = [self.account.ends[kind, end] for end in STATUSES]
            ends.add_row(kind, *map(str, counts), str(sum(counts)))
        totals = [sum(self.account.ends[kind, end] for kind in KINDS) for end in STATUSES]
        ends.add_row("all", *map(str, totals), str(sum(totals)), style="bold")
        console.print(ends)
        told = Table("what", "how many", title="What was done, and what came of it", title_justify="left")
        for name, count in [*sorted(self.faults.items()), ("calls sent again for want of an answer", self.unanswered)]:
            told.add_row(name, str(count))
        told.add_row("paid calls", str(self.account.paid_calls))
        for name, count in sorted(self.account.explained.items()):
            told.add_row(f"explained: {name}", str(count))
        told.add_row("dead letters", str(len(self.account.letters)))
        told.add_row("last end after the last fault", f"{self.account.slowest_end_seconds:.1f} s")
        told.add_row("unexplained", str(len(self.off)), style="bold red" if self.off else "bold green")
        console.print(told)
        for letter in self.account.letters[:SHOWN]:
            console.print(f"dead letter: {escape(letter)}")
        for line in self.off[:SHOWN]:
            console.print(f"[red]off:[/] {escape(line)}")
        if len(self.off) > SHOWN:
            console.print(f"... and {len(self.off) - SHOWN} more, in the JSON")
