"""Measurements of a kind's runs, and the limits that its file should declare. Uses no clock and no model."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median

from shared.domain.generation import Usage
from shared.kinds.contract import Limits

_ROOM = Decimal("1.5")
"""The factor for the most expensive call and the longest answer: a few runs do not include the worst case."""


@dataclass
class Measured:
    """Measurements of several runs. `seconds` has the successful runs, `answers` is (characters, usage)."""

    seconds: list[float] = field(default_factory=list)
    answers: dict[str, list[tuple[int, Usage]]] = field(default_factory=dict)

    def answered(self, schema_name: str, characters: int, usage: Usage) -> None:
        self.answers.setdefault(schema_name, []).append((characters, usage))

    def lines(self, limits: Limits) -> Iterator[str]:
        """Yield the measurements, the kind's declared values, and the proposed values. Nothing if no run succeeded."""
        if not self.seconds:
            return
        usages = [usage for each in self.answers.values() for _, usage in each]
        dearest = max((usage.cost_usd for usage in usages), default=Decimal(0))
        longest = max((usage.completion_tokens for usage in usages), default=0)
        usual = math.ceil(median(self.seconds))
        yield f"{len(self.seconds)} runs succeeded."
        yield f"  half of them took at most {median(self.seconds):.1f} s; usual_seconds is {limits.usual_seconds}"
        yield f"  most expensive call {dearest:.6f} USD; call_reserve_usd is {limits.call_reserve_usd}"
        yield f"  longest answer {longest:,} tokens; max_completion_tokens is {limits.max_completion_tokens}"
        for name, answers in self.answers.items():
            characters = sorted(characters for characters, _ in answers)
            yield f"  answers to {name}: {round(median(characters)):,} characters; its Prompt has expected_characters"
        proposed = [f"usual_seconds={usual}"]
        if dearest:
            proposed.append(f"call_reserve_usd={_up(dearest * _ROOM)}")
        if longest:
            proposed.append(f"max_completion_tokens={math.ceil(longest * _ROOM / 100) * 100:_}")
        yield f"For the file: LIMITS = Limits({', '.join(proposed)}, ...)"


def _up(amount: Decimal) -> str:
    """Return an amount with two significant digits, rounded up."""
    step = Decimal(1).scaleb(amount.adjusted() - 1)
    return f"{(math.ceil(amount / step) * step).normalize():f}"
