"""The facts of a call in an item: one attribute, a map of the known facts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.domain.call_facts import CallFacts
from shared.store.values import text_or_none


def call_value(call: CallFacts) -> dict[str, Any] | None:
    """Return the known facts of a call as one attribute; None if there are none."""
    known: dict[str, Any] = dict(call.known())
    if call.seconds is not None:
        known["seconds"] = Decimal(str(round(call.seconds, 3)))
    return known or None


def decode_call(value: Mapping[str, Any]) -> CallFacts:
    """Return the facts of a call. Items of earlier versions have none."""
    status, seconds = value.get("provider_status"), value.get("seconds")
    texts = ("model", "answered_by", "provider_code", "provider_call_id", "finish")
    return CallFacts(
        **{name: text_or_none(value, name) for name in texts},
        provider_status=None if status is None else int(status),
        seconds=None if seconds is None else float(seconds),
    )
