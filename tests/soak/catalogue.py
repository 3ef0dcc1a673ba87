"""The input of the soak: bodies of every kind, the models that they name, and how each of these may end. Pure."""

import random
from dataclasses import dataclass
from typing import Any

from tests.e2e.owner import TEXT

KINDS = {"flashcards": 45, "assistant": 20, "story": 20, "image": 15}
"""How often each kind is sent, in percent."""

WORKING = {
    "local/cards": 6,
    "local/stream:2": 14,
    "local/stream:4": 8,
    "local/slow:2": 3,
    "local/late:2": 3,
    "local/slow_first:1:6": 3,
    "local/flaky:1": 4,
    "local/flaky:2": 3,
    "local/limited:1:1": 3,
    "local/cut_first:1": 4,
    "local/late_bill:2": 3,
    "local/no_usage": 2,
    "local/no_cost": 2,
    "local/differs:crlf": 2,
    "local/differs:no_done": 2,
}
"""Models that succeed in the end, however often they must be called; each with its weight."""

REPAIRED = {"local/repair": 3, "local/repair:json": 3}
"""Models whose second answer in one attempt is good; not asked for pictures, which are not repaired."""

FAILING = {
    "local/429": 1,
    "local/500": 1,
    "local/503": 1,
    "local/garbage": 2,
    "local/schema": 2,
    "local/cut": 1,
    "local/refuse": 1,
    "local/length": 1,
    "local/filter": 1,
    "local/empty": 1,
    "local/error_in_200": 1,
    "local/error_in_stream": 1,
    "local/broken": 1,
    "local/utf8": 1,
    "local/hang": 1,
}
"""Models that never give what is asked for: such a generation must fail."""

FAILING_TO_DRAW = {"local/image_text": 1, "local/image_broken": 1, "local/image_gif": 1, "local/429": 1, "local/500": 1}

ASKED_TWICE = frozenset(
    {
        *REPAIRED,
        "local/garbage",
        "local/schema",
        "local/empty",
        "local/broken",
        "local/utf8",
        "local/image_text",
        "local/image_broken",
        "local/image_gif",
    }
)
"""Models that one attempt asks a second time for the same step, since the first answer does not fit."""

_SENTENCES = (
    "I want to run ten kilometres in under an hour by the end of spring",
    "I have to file my taxes, call the dentist, water the plants and write the quarterly report",
    "Hmm, it is raining again over the old harbour",
)


@dataclass(frozen=True, slots=True)
class Order:
    """One generation to ask for: its kind, its model, the rest of its body, and whether the model works."""

    kind: str
    model: str
    fields: dict[str, Any]
    works: bool


def draw_order(dice: random.Random) -> Order:
    """Draw a request. Every text has a unique mark: the model server distinguishes conversations by their text."""
    kind = _one_of(dice, KINDS)
    works = dice.random() < 0.85
    working, failing = (WORKING, FAILING_TO_DRAW) if kind == "image" else (WORKING | REPAIRED, FAILING)
    return Order(kind, _one_of(dice, working if works else failing), _fields(dice, kind), works)


def _fields(dice: random.Random, kind: str) -> dict[str, Any]:
    mark = f"(Copy {dice.getrandbits(64):x}.)"
    match kind:
        case "flashcards":
            return {"source_text": f"{TEXT}\n{mark}"}
        case "assistant":
            return {"sentence": f"{dice.choice(_SENTENCES)} {mark}"}
        case "story":
            premise = f"A lighthouse keeper named Mara finds a bottle with a map of her own island. {mark}"
            return {"premise": premise, "chapters": dice.randint(1, 3)}
        case _:
            return {"prompt": f"A lighthouse in the evening {mark}", "count": dice.randint(1, 2)}


def _one_of(dice: random.Random, weights: dict[str, int]) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]
