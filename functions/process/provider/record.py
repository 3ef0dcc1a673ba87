"""What becomes known of one call while it lasts, however it ends: kept apart from its answer, which may never come."""

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
    """Filled by the client as bytes come. Everything but `said` is bounded and cleaned, and may be shown to the owner.

    `said` is the body of the provider's own error, which may quote prompts and keys.
    """

    status: int | None = None
    call_id: str | None = None
    code: str | None = None
    answered_by: str | None = None
    finish: str | None = None
    said: Any = field(default=None, repr=False)

    def begin(self) -> None:
        """Forget what an earlier try of the call has left: the server refused a field, and it is sent without."""
        self.status = self.call_id = self.code = self.answered_by = self.finish = self.said = None

    def written_by(self, model: Any) -> None:
        """Note the model that the answer names; the last that is named holds."""
        if is_name(model) and not looks_like_a_key(model):
            self.answered_by = model

    def called(self, call_id: Any) -> None:
        """Note the provider's id of the call. The first stands: the header's, which comes before all chunks."""
        if self.call_id is None and is_name(call_id):
            self.call_id = call_id

    def finished(self, reason: Any) -> None:
        """Note the provider's word for why the model stopped."""
        self.finish = word_of(reason) or self.finish

    def failed(self, code: str | None, said: Any) -> None:
        """Note the first error that the provider told of."""
        if self.said is None:
            self.code, self.said = code, said

    def facts(self, model: str, seconds: float) -> CallFacts:
        """Return what the owner may know of a call that asked `model`, and took so long."""
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
        """Return what the provider said of its error, scrubbed, for the operator's log; None where it said nothing."""
        return None if self.said is None else excerpt_of(self.said, api_key) or None


def is_name(value: Any) -> bool:
    """Whether a value is what ids and names of models look like: one line of visible ASCII."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isascii() and value.isprintable()


def word_of(value: Any) -> str | None:
    """Return a provider's word as it is, None for what is no short plain word, or could be a key."""
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or value.lower() in _OF_NO_USE:
        return None
    return value if _WORD.fullmatch(value) and not looks_like_a_key(value) else None
