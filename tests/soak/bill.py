"""A generation's usage beside the calls that the model server was paid for. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

_SHOWN = ("attempt", "step", "outcome", "prompt_tokens", "completion_tokens", "cost")


@dataclass(frozen=True, slots=True)
class Bill:
    """`told` is what heads count: calls, prompt tokens, completion tokens, US dollars. `paid` are the ledger's calls.

    `lost` are those of `paid` whose worker may have died before it saved the charge, each with the reason.
    """

    told: tuple[int, int, int, Decimal]
    paid: tuple[Mapping[str, Any], ...]
    lost: Mapping[str, str]

    @classmethod
    def of(
        cls, head: Mapping[str, Any], calls: Iterable[Mapping[str, Any]], lost: Mapping[int, str], *, free: bool
    ) -> "Bill":
        """`lost` are the attempts that lost their worker. `free` says that the model server reports no cost."""
        paid = tuple({**call, "cost": 0 if free else call["cost"]} for call in calls if call["paid"])
        names = ("paid_calls", "prompt_tokens", "completion_tokens", "cost_usd")
        taken = {str(call["id"]): lost[int(call["attempt"])] for call in paid if int(call["attempt"]) in lost}
        return cls(_sum(*(head.get(name, 0) for name in names)), paid, taken)

    def __add__(self, other: "Bill") -> "Bill":
        calls, prompt, completion, cost = self.told
        told = _sum(calls + other.told[0], prompt + other.told[1], completion + other.told[2], cost + other.told[3])
        return Bill(told, self.paid + other.paid, {**self.lost, **other.lost})

    def untold(self) -> list[str] | None:
        """Return why each paid call that `told` lacks is lost, or None if `told` cannot be explained so."""
        missing = len(self.paid) - self.told[0]
        candidates = [call for call in self.paid if call["id"] in self.lost]
        for gone in combinations(candidates, missing) if missing >= 0 else ():
            left = [call for call in self.paid if call not in gone]
            prompt, completion = (sum(call[name] for call in left) for name in ("prompt_tokens", "completion_tokens"))
            if self.told == _sum(len(left), prompt, completion, sum(call["cost"] for call in left)):
                return [self.lost[call["id"]] for call in gone]
        return None

    def __str__(self) -> str:
        shown = [tuple(call[name] for name in _SHOWN) for call in self.paid]
        return f"usage of {self.told[0]} calls, {self.told[1:]}; paid were {shown}"


def _sum(calls: Any, prompt_tokens: Any, completion_tokens: Any, cost: Any) -> tuple[int, int, int, Decimal]:
    return int(calls), int(prompt_tokens), int(completion_tokens), round(Decimal(str(cost)), 8)
