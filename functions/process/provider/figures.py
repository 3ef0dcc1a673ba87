"""Numbers that a server reports, read with distrust: the bill of a call, and when to come back."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from shared.domain.generation import Usage

MOST_TOKENS = 10**9
MOST_USD = Decimal(10**6)
# DynamoDB holds 38 digits; a price per token has fewer than 12 places.
PLACES = Decimal("1e-12")
LONGEST_WAIT_SECONDS = 86_400.0


def usage_of(reported: Any) -> Usage | None:
    """Return the bill of one call, or None where none was sent. What is missing or absurd counts as zero.

    With the account's own key for the model, OpenRouter's `cost` is its fee alone and the model's price is apart;
    without one the price is reported too, and is already part of `cost`.
    """
    if not isinstance(reported, dict):
        return None
    cost = _usd(reported.get("cost"))
    details = reported.get("cost_details")
    if reported.get("is_byok") is True and isinstance(details, dict):
        cost += _usd(details.get("upstream_inference_cost"))
    return Usage(
        calls=1,
        prompt_tokens=_tokens(reported.get("prompt_tokens")),
        completion_tokens=_tokens(reported.get("completion_tokens")),
        cost_usd=cost,
    )


def final_usage_of(record: Any) -> Usage | None:
    """Return the bill in OpenRouter's record of a call, or None where it tells no cost.

    https://openrouter.ai/docs/api-reference/get-a-generation: `total_cost` is in US dollars; with the account's own key
    for the model `usage` is the fee, and the model's price is apart. Native tokens are what a call's own bill counts.
    """
    if not isinstance(record, dict) or not _is_number(record.get("total_cost")):
        return None
    cost = _usd(record["total_cost"])
    if record.get("is_byok") is True:
        cost = _usd(record.get("usage")) + _usd(record.get("upstream_inference_cost"))
    return Usage(
        calls=1,
        prompt_tokens=_tokens(record.get("native_tokens_prompt")) or _tokens(record.get("tokens_prompt")),
        completion_tokens=_tokens(record.get("native_tokens_completion")) or _tokens(record.get("tokens_completion")),
        cost_usd=cost,
    )


def retry_after_of(header: str | None, date: str | None, error: Any, now: datetime) -> float | None:
    """Return the seconds the server asked us to wait, at most a day, or None where it did not say or made no sense.

    A date is compared with the server's own `Date` where there is one, so that clocks may differ. OpenRouter repeats
    the wait of the model behind it in the error's metadata.
    """
    wait = _seconds(header) if header else None
    if wait is None and header and (moment := _moment(header)):
        wait = max(0.0, (moment - (_moment(date or "") or now)).total_seconds())
    if wait is None and isinstance(error, dict) and isinstance(error.get("metadata"), dict):
        wait = _seconds(error["metadata"].get("retry_after_seconds"))
    return None if wait is None else min(wait, LONGEST_WAIT_SECONDS)


def _tokens(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _usd(value: Any) -> Decimal:
    if not _is_number(value):
        return Decimal(0)
    # Through str: Decimal(0.1) would have 55 digits. Not a number fails the comparison with an error of its own.
    amount = Decimal(str(value))
    if not amount.is_finite() or not 0 <= amount <= MOST_USD:
        return Decimal(0)
    exponent = amount.as_tuple().exponent
    return amount.quantize(PLACES) if isinstance(exponent, int) and exponent < -12 else amount


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
