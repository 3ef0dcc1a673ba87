"""AWS's prices: the table in prices.json, with source and date. The only place for prices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PUBLISHED = Path(__file__).with_name("prices.json")


class PricesError(ValueError):
    """A file is not a table of prices, or lacks a price; the text says which."""


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` buys `per` of `unit`, according to the page `source` in `as_of` (YYYY-MM)."""

    usd: float
    per: float
    unit: str
    source: str
    as_of: str

    @property
    def each(self) -> float:
        return self.usd / self.per


Prices = Mapping[str, Price]


def read(path: Path = PUBLISHED) -> Prices:
    """Return a table of prices by their names. Raises PricesError."""
    try:
        found = {name: Price(**price) for name, price in json.loads(path.read_text())["prices"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PricesError(f"{path} is not a table of prices: {error}") from error
    wanted = found if path == PUBLISHED else read()
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        raise PricesError(f"{path} lacks {', '.join(missing)}")
    return found
