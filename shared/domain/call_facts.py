"""What is known of one call of a model. Every field is safe for the owner: bounded, and never a prompt or a key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The call that an attempt ended with, or that made a step. A field is None where nothing is known.

    `model` is what was asked, `answered_by` the model that the provider names in its answer. `provider_status` is the
    status of HTTP, `provider_code` the provider's own word for its error, `finish` its word for why the model stopped.
    `seconds` is how long the call took.
    """

    model: str | None = None
    answered_by: str | None = None
    provider_status: int | None = None
    provider_code: str | None = None
    provider_call_id: str | None = None
    finish: str | None = None
    seconds: float | None = None

    def known(self) -> dict[str, str | int | float]:
        """Return what is known by its name, as logs and answers have it."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}


NO_CALL = CallFacts()
