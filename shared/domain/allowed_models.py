"""Which models a request may name. Pure."""

from fnmatch import fnmatchcase

from shared.domain.model_prices import tells_cost
from shared.domain.settings import Settings


def allowed_models(settings: Settings) -> tuple[str, ...]:
    """Return the patterns of the models that a request may name."""
    return settings.allowed_models or (settings.default_model, settings.image_model)


def with_any_suffix(settings: Settings) -> tuple[str, ...]:
    """Return the patterns that also match an OpenRouter model with a suffix that costs more, such as `:online` or
    `:nitro`, although they name no suffix. Other servers have no such suffixes."""
    if not tells_cost(settings.model_url, settings.llm_protocol):
        return ()
    patterns = allowed_models(settings)
    return tuple(each for each in patterns if "*" in each and fnmatchcase(each.replace("*", "m") + ":online", each))


def is_allowed(model: str, settings: Settings) -> bool:
    """Whether a request may name this model."""
    return any(fnmatchcase(model, pattern) for pattern in allowed_models(settings))
