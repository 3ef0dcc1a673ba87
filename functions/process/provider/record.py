"""The facts of one call, collected while it runs, however it ends. Separate from its answer, which may never arrive."""

import re
from dataclasses import dataclass, field
from typing import Any

from functions.process.provider.excerpt import excerpt_of, looks_like_a_key
from shared.domain.call_facts import CallFacts

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_LONGEST_NAME = 128
_OF_NO_USE = frozenset({"null", "none"})


@dataclass(slots=True)
class CallRecord:
    """The client fills it as bytes arrive. Everything except `said` is bounded and cleaned, and safe to show to the
    owner.

    `said` is the body of the provider's error, which may quote prompts and keys.
    """

    status: int | None = None
    call_id: str | None = None
    code: str | None = None
    answered_by: str | None = None
    finish: str | None = None
    said: Any = field(default=None, repr=False)

    def begin(self) -> None:
        """Clear the facts of an earlier try of the call: the server refused a field, and the next try omits it."""
        self.status = self.call_id = self.code = self.answered_by = self.finish = self.said = None

    def written_by(self, model: Any) -> None:
        """Record the model that the answer names. The last one counts."""
        if is_name(model) and not looks_like_a_key(model):
            self.answered_by = model

    def called(self, call_id: Any) -> None:
        """Record the provider's id of the call. The first one counts: the header's, which comes before all chunks."""
        if self.call_id is None and is_name(call_id):
            self.call_id = call_id

    def finished(self, reason: Any) -> None:
        """Record the provider's reason why the model stopped."""
        self.finish = word_of(reason) or self.finish

    def failed(self, code: str | None, said: Any) -> None:
        """Record the first error that the provider reported."""
        if self.said is None:
            self.code, self.said = code, said

    def facts(self, model: str, seconds: float) -> CallFacts:
        """Return the facts that the owner may see of a call to `model` that took this long."""
        return CallFacts(
            model=model,
            answered_by=self.answered_by,
            provider_status=self.status,
            provider_code=self.code,
            provider_call_id=self.call_id,
            finish=self.finish,
            seconds=round(seconds, 3),
        )

    def excerpt(self, api_key: str) -> str | None:
        """Return the provider's error text, cleaned, for the operator's log; None if there is none."""
        return None if self.said is None else excerpt_of(self.said, api_key) or None


def is_name(value: Any) -> bool:
    """Whether a value looks like an id or a model's name: one line of visible ASCII."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isascii() and value.isprintable()


def word_of(value: Any) -> str | None:
    """Return a provider's word; None if it is not a short plain word, or could be a key."""
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or value.lower() in _OF_NO_USE:
        return None
    return value if _WORD.fullmatch(value) and not looks_like_a_key(value) else None
