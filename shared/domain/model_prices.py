"""Prices of models whose server reports tokens and no cost: reads the parameter ModelPrices. Pure."""

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
    """In US dollars: for a million input tokens, a million output tokens, and a picture."""

    pattern: str
    prompt_usd: Decimal
    completion_usd: Decimal
    picture_usd: Decimal = Decimal(0)

    @property
    def free(self) -> bool:
        """Whether everything costs nothing."""
        return not (self.prompt_usd or self.completion_usd or self.picture_usd)

    def of(self, usage: "Usage", pictures: int = 0) -> Decimal:
        """Return the cost of a call with this usage."""
        tokens = usage.prompt_tokens * self.prompt_usd + usage.completion_tokens * self.completion_usd
        # A plain zero, because emulators of DynamoDB cannot read 0E-12.
        return (tokens / _MILLION + pictures * self.picture_usd).quantize(_PLACES) or Decimal(0)


def read_prices(rows: Iterable[str]) -> tuple[ModelPrice, ...]:
    """Read `pattern=in/out` or `pattern=in/out/picture`, each in USD. Raises ValueError that quotes the faulty row."""
    return tuple(_read(row) for row in rows)


def price_for(prices: Iterable[ModelPrice], model: str) -> ModelPrice | None:
    """Return the first price whose pattern matches the model; * stands for any characters."""
    return next((price for price in prices if fnmatchcase(model.lower(), price.pattern.lower())), None)


def unpriced_models(settings: "Settings") -> tuple[str, ...]:
    """Return the models and patterns on offer without a known price. No spending limit holds for them. A server that
    speaks OpenRouter's protocol reports the cost of each call."""
    if tells_cost(settings.model_url, settings.llm_protocol):
        return ()
    prices = read_prices(settings.model_prices)
    offered = (settings.default_model, settings.image_model, *settings.allowed_models, *settings.fallback_models)
    return tuple(dict.fromkeys(model for model in offered if model and price_for(prices, model) is None))


def tells_cost(base_url: str, protocol: str) -> bool:
    """Whether the server reports the cost of a call, judged by its protocol."""
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
            f"MODEL_PRICES has {row!r}. Write each price as pattern=in/out or pattern=in/out/picture."
        ) from None
    return ModelPrice(pattern.strip(), *amounts)
