"""What AWS charges for: the table of prices in prices.json, source and date beside each. The one place for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PUBLISHED = Path(__file__).with_name("prices.json")


class PricesError(ValueError):
    """A file is no table of prices, or lacks one; says which."""


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` buys `per` of `unit`, by the page `source` as it was in `as_of` (YYYY-MM)."""

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
        raise PricesError(f"{path} is no table of prices: {error}") from error
    wanted = found if path == PUBLISHED else read()
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        raise PricesError(f"{path} lacks {', '.join(missing)}")
    return found
