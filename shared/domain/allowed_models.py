"""Which models a request may name. Pure."""

from fnmatch import fnmatchcase

from shared.domain.settings import Settings


def allowed_models(settings: Settings) -> tuple[str, ...]:
    """Return the patterns of the models that a request may name."""
    return settings.allowed_models or (settings.default_model, settings.image_model)


def is_allowed(model: str, settings: Settings) -> bool:
    """Whether a request may name this model."""
    return any(fnmatchcase(model, pattern) for pattern in allowed_models(settings))
