"""The facts of one model call. Every field is safe to show to the owner: bounded, and never a prompt or a key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The call that ended an attempt or made a step. A field is None if it is not known.

    `model` is the requested model, `answered_by` the one that the provider names in its answer. `provider_status` is
    the HTTP status, `provider_code` the provider's own error code, `finish` its reason why the model stopped. `seconds`
    is how long the call took.
    """

    model: str | None = None
    answered_by: str | None = None
    provider_status: int | None = None
    provider_code: str | None = None
    provider_call_id: str | None = None
    finish: str | None = None
    seconds: float | None = None

    def known(self) -> dict[str, str | int | float]:
        """Return the known facts by name, as logs and responses have them."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}


NO_CALL = CallFacts()
