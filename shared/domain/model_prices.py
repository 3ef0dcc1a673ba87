"""What models cost where their server tells tokens and no price: the parameter ModelPrices, read. Pure."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shared.domain.generation import Usage
    from shared.domain.settings import Settings

_MILLION = Decimal(1_000_000)
_PLACES = Decimal("1e-12")


class ModelPrice(NamedTuple):
    """In US dollars: of a million tokens that go in, of a million that come out, of a picture."""

    pattern: str
    prompt_usd: Decimal
    completion_usd: Decimal
    picture_usd: Decimal = Decimal(0)

    def of(self, usage: "Usage", pictures: int = 0) -> Decimal:
        """Return what a call has cost that used so much."""
        tokens = usage.prompt_tokens * self.prompt_usd + usage.completion_tokens * self.completion_usd
        return (tokens / _MILLION + pictures * self.picture_usd).quantize(_PLACES)


def read_prices(rows: Iterable[str]) -> tuple[ModelPrice, ...]:
    """Read `pattern=in/out` or `pattern=in/out/picture`, each in USD. Raises ValueError that quotes a row at fault."""
    return tuple(_read(row) for row in rows)


def price_for(prices: Iterable[ModelPrice], model: str) -> ModelPrice | None:
    """Return the first price whose pattern, with * for any characters, the model fits."""
    return next((price for price in prices if fnmatchcase(model.lower(), price.pattern.lower())), None)


def unpriced_models(settings: "Settings") -> tuple[str, ...]:
    """Return the models and patterns that this deployment offers and whose cost nobody tells it: no ceiling of money
    binds there. A server of OpenRouter's protocol tells what each call costs."""
    if tells_cost(settings.model_url, settings.llm_protocol):
        return ()
    prices = read_prices(settings.model_prices)
    offered = (settings.default_model, settings.image_model, *settings.allowed_models, *settings.fallback_models)
    return tuple(dict.fromkeys(model for model in offered if model and price_for(prices, model) is None))


def tells_cost(base_url: str, protocol: str) -> bool:
    """Whether the server tells the cost of a call, by what it speaks."""
    host = base_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return protocol == "openrouter" or (
        protocol == "auto" and (host == "openrouter.ai" or host.endswith(".openrouter.ai"))
    )


def _read(row: str) -> ModelPrice:
    pattern, _, prices = row.rpartition("=")
    try:
        amounts = [Decimal(amount.strip()) for amount in prices.split("/")]
        if not pattern.strip() or not 2 <= len(amounts) <= 3 or not all(a.is_finite() and a >= 0 for a in amounts):
            raise ValueError
    except (InvalidOperation, ValueError):
        raise ValueError(
            f"MODEL_PRICES holds {row!r}, and each must be pattern=in/out or pattern=in/out/picture"
        ) from None
    return ModelPrice(pattern.strip(), *amounts)
