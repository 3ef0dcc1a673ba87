"""The results of many simulations, in numbers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.faults import LEAST, Fault
from tests.simulation.schedules import Run
from tests.simulation.transitions import ViolationError


@dataclass
class Account:
    """Sums over runs; `violations` holds the text of each, with the seed or the places of its faults."""

    runs: int = 0
    disturbed: int = 0
    """Runs that met as many faults as a drawn schedule must."""
    boundaries: int = 0
    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, outcome: Run) -> None:
        self.runs += 1
        self.disturbed += outcome.faults.total() >= LEAST
        self.boundaries += outcome.boundaries
        self.calls += outcome.calls
        self.ends += outcome.ends
        self.faults += outcome.faults

    def merge(self, other: "Account") -> None:
        self.runs += other.runs
        self.disturbed += other.disturbed
        self.boundaries += other.boundaries
        self.calls += other.calls
        self.ends += other.ends
        self.faults += other.faults
        self.violations += other.violations

    def violated(self, violation: ViolationError) -> None:
        self.runs += 1
        notes = "\n".join(getattr(violation, "__notes__", ()))
        self.violations.append(f"{violation}\n{notes}")

    def lines(self) -> Iterator[str]:
        yield f"runs             {self.runs:,}, {self.disturbed:,} of them with {LEAST} faults or more"
        yield f"boundary calls   {self.boundaries:,}"
        yield f"model calls      {self.calls:,}"
        yield f"faults           {self.faults.total():,}"
        for fault, count in sorted(self.faults.items()):
            yield f"  {fault:18} {count:,}"
        yield f"generations      {self.ends.total():,}"
        for end, count in sorted(self.ends.items()):
            yield f"  {end:18} {count:,}"
        yield f"violations       {len(self.violations):,}"
