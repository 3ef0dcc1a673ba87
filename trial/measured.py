"""What runs of a kind took, and what its file should therefore declare. Knows no clock and no model."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median

from shared.domain.generation import Usage
from shared.kinds.contract import Limits

_ROOM = Decimal("1.5")
"""What the dearest call and the longest answer are multiplied by: a few runs do not see the worst one."""


@dataclass
class Measured:
    """What is seen of several runs. `seconds` are of the runs that succeeded, `answers` are (characters, usage)."""

    seconds: list[float] = field(default_factory=list)
    answers: dict[str, list[tuple[int, Usage]]] = field(default_factory=dict)

    def answered(self, schema_name: str, characters: int, usage: Usage) -> None:
        self.answers.setdefault(schema_name, []).append((characters, usage))

    def lines(self, limits: Limits) -> Iterator[str]:
        """Yield what was seen beside what the kind declares, and what to declare. Nothing where no run succeeded."""
        if not self.seconds:
            return
        usages = [usage for each in self.answers.values() for _, usage in each]
        dearest = max((usage.cost_usd for usage in usages), default=Decimal(0))
        longest = max((usage.completion_tokens for usage in usages), default=0)
        usual = math.ceil(median(self.seconds))
        yield f"{len(self.seconds)} runs succeeded."
        yield f"  half of them took at most {median(self.seconds):.1f} s; usual_seconds is {limits.usual_seconds}"
        yield f"  dearest call {dearest:.6f} USD; call_reserve_usd is {limits.call_reserve_usd}"
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
