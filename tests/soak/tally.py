"""The findings of an account: the faults, and the counts of everything else. Judges nothing."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Account:
    """What was found. `off` is what no reason was found for; `explained` counts what has one."""

    off: list[str] = field(default_factory=list)
    explained: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and status."""
    codes: Counter[str] = field(default_factory=Counter)
    paid_calls: int = 0
    slowest_end_seconds: float = 0.0
    """How long after the last fault the last generation ended."""
    letters: list[str] = field(default_factory=list)
    """Each dead letter, and how its generation ended."""
