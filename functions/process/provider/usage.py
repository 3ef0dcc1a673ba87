"""Reads a call's cost from its server, with distrust, or computes it from a price."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from shared.domain.generation import Usage

MOST_TOKENS = 10**9
MOST_USD = Decimal(10**6)
# DynamoDB holds 38 digits; a price per token has fewer than 12 places.
PLACES = Decimal("1e-12")


_INPUT = ("input_tokens", "inputTokens")
_CACHED_APART = (
    "cache_creation_input_tokens", "cache_read_input_tokens", "cacheReadInputTokens", "cacheWriteInputTokens",
)  # fmt: skip


class Bill(NamedTuple):
    """A call's reported usage so far. `cost_told` says whether a cost of zero was reported, or no cost at all."""

    usage: Usage
    cost_told: bool = False
    reasoning_tokens: int = 0

    @property
    def blank(self) -> bool:
        """Whether it has neither tokens nor a cost. Some servers send zeros before, or instead of, the real values."""
        return self.usage == Usage(calls=1)

    def updated(self, later: "Bill") -> "Bill":
        """Return the usage after `later`. Some servers send a running total, and some a final one of zeros: real values
        stay."""
        old, new = self.usage, later.usage
        usage = replace(
            old,
            prompt_tokens=new.prompt_tokens or old.prompt_tokens,
            completion_tokens=new.completion_tokens or old.completion_tokens,
            cost_usd=new.cost_usd or old.cost_usd,
        )
        told = self.cost_told or later.cost_told
        return Bill(usage, told, later.reasoning_tokens or self.reasoning_tokens)


def bill_of(reported: Any) -> Bill | None:
    """Return the usage of one call; None if none was sent. A missing, negative or senseless value counts as not sent.

    With the account's own key for the model, OpenRouter's `cost` is only its fee, and the model's price is separate.
    Without one, the price is reported too, and is already part of `cost`.
    """
    if not isinstance(reported, dict) or not reported:
        return None
    told = reported.get("cost", reported.get("total_cost"))
    if isinstance(told, dict):
        told = told.get("total_cost")
    cost = _usd(told)
    details = reported.get("cost_details")
    if reported.get("is_byok") is True and isinstance(details, dict):
        cost += _usd(details.get("upstream_inference_cost"))
    prompt = _first(reported, "prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount")
    if not reported.keys().isdisjoint(_INPUT) and "prompt_tokens" not in reported:
        # Anthropic and Bedrock count what goes through their cache apart from the rest of the input.
        prompt += sum(tokens_of(reported.get(name)) for name in _CACHED_APART)
    completion = _first(reported, "completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount")
    # Gemini and xAI leave the thoughts, which cost like the answer, out of the answer's tokens, but not of the total.
    total = tokens_of(reported.get("total_tokens"))
    usage = Usage(
        calls=1,
        prompt_tokens=prompt,
        completion_tokens=max(completion, total - prompt) if prompt else completion,
        cost_usd=cost,
    )
    return Bill(usage, _amount(told) is not None, _reasoning(reported))


def final_usage_of(record: Any) -> Usage | None:
    """Return the usage in OpenRouter's record of a call; None if it has no cost.

    https://openrouter.ai/docs/api-reference/get-a-generation: `total_cost` is in US dollars; with the account's own key
    for the model, `usage` is the fee, and the model's price is separate. Native tokens are those that a call's own
    usage counts.
    """
    if not isinstance(record, dict) or _amount(record.get("total_cost")) is None:
        return None
    cost = _usd(record["total_cost"])
    if record.get("is_byok") is True:
        cost = _usd(record.get("usage")) + _usd(record.get("upstream_inference_cost"))
    return Usage(
        calls=1,
        prompt_tokens=_first(record, "native_tokens_prompt", "tokens_prompt"),
        completion_tokens=_first(record, "native_tokens_completion", "tokens_completion"),
        cost_usd=cost,
    )


def _first(reported: Mapping[str, Any], *names: str) -> int:
    return next((tokens for name in names if (tokens := tokens_of(reported.get(name)))), 0)


def _reasoning(reported: Mapping[str, Any]) -> int:
    for name in ("completion_tokens_details", "output_tokens_details"):
        details = reported.get(name)
        if isinstance(details, dict) and (tokens := tokens_of(details.get("reasoning_tokens"))):
            return tokens
    return tokens_of(reported.get("reasoning_tokens"))


def tokens_of(value: Any) -> int:
    """Return a count of tokens; 0 unless it is whole, not negative, and plausible for one call."""
    number = _decimal(value)
    if number is None or not 0 <= number <= MOST_TOKENS or number != number.to_integral_value():
        return 0
    return int(number)


def _decimal(value: Any) -> Decimal | None:
    """Return the number, also from a string; None if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and len(value) > 64:
        return None
    try:
        # Through str: Decimal(0.1) would have 55 digits.
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _usd(value: Any) -> Decimal:
    return _amount(value) or Decimal(0)


def _amount(value: Any) -> Decimal | None:
    """Return a sum in US dollars, MOST_USD at most; None unless it is a number that is not negative."""
    amount = _decimal(value)
    if amount is None or amount < 0:
        return None
    amount = min(amount, MOST_USD)  # a bill that nobody believes is not free
    exponent = amount.as_tuple().exponent
    return amount.quantize(PLACES) if isinstance(exponent, int) and exponent < -12 else amount
