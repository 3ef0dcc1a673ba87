"""What tries an ended generation again: its successor, and what stands in the way of one. Stores nothing."""

from datetime import timedelta

from shared.domain.allowed_models import is_allowed
from shared.domain.clock import Clock
from shared.domain.generation import Generation, GenerationInput
from shared.domain.settings import Settings
from shared.kinds import load, names


def why_not_retryable(old: Generation, content: GenerationInput | None, settings: Settings) -> str | None:
    """Say why a generation that ended cannot be tried again, whoever asks; None when it can.

    `content` is what was sent in, as it is stored, None where it is not kept.
    """
    if old.kind not in names():
        return "This kind is not made any more."
    if content is None:
        return "What was sent in is not kept any more, or cannot be read."
    # A default needs no pattern: a create that names no model takes it, whatever the list says.
    defaults = (settings.default_model, settings.image_model)
    if content.model not in defaults and not is_allowed(content.model, settings):
        return "Its model is not allowed any more."
    return None


def successor_of(old: Generation, clock: Clock, settings: Settings) -> Generation:
    """Return the generation that tries `old` again, not stored yet."""
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
