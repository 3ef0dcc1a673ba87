"""Retrying an ended generation: builds its successor, and says what prevents a retry. Stores nothing."""

from datetime import timedelta

from shared.domain.allowed_models import is_allowed
from shared.domain.clock import Clock
from shared.domain.generation import Generation, GenerationInput
from shared.domain.settings import Settings
from shared.kinds import load, names


def why_not_retryable(old: Generation, content: GenerationInput | None, settings: Settings) -> str | None:
    """Return why an ended generation cannot be retried by anybody; None if it can.

    `content` is the stored input, None if it is no longer kept.
    """
    if old.kind not in names():
        return "This kind no longer exists. Create a generation of another kind."
    if content is None:
        return "The input is no longer kept, or cannot be read. Create a new generation."
    # A default model needs no pattern: a create without a model uses it even if the list omits it.
    defaults = (settings.default_model, settings.image_model)
    if content.model not in defaults and not is_allowed(content.model, settings):
        return "Its model is no longer allowed. Create a new generation with another model."
    return None


def successor_of(old: Generation, clock: Clock, settings: Settings) -> Generation:
    """Return the new generation that retries `old`. It is not stored yet."""
    now, limits = clock.now(), load(old.kind).limits
    return Generation(
        user_id=old.user_id,
        generation_id=clock.new_id(),
        kind=old.kind,
        created_at=now,
        deadline_at=now + timedelta(seconds=limits.deadline_seconds or settings.deadline_seconds),
        client_id=old.client_id,
        session_id=old.session_id,
        usual_seconds=limits.usual_seconds,
        create_op=clock.token(),
    )
