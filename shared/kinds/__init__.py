"""The kinds of generation, one module each, and their registry. Knows no AWS and no HTTP.

Importing this is cheap: only `load` imports a kind's module, and pydantic with it.
"""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from functools import cache

from shared.kinds.contract import Kind

NO_KINDS = frozenset({"checking", "contract", "forms", "results", "reviewing", "values"})
"""The modules of this package that are not kinds: kinds and their readers use them."""
PACKAGE_VARIABLE = "KINDS_PACKAGE"


@cache
def names() -> tuple[str, ...]:
    """Return the kinds there are, sorted: the modules of this package and of the one that KINDS_PACKAGE names.

    Leaves out NO_KINDS and names that begin with an underscore. Raises ValueError that says what is wrong with
    KINDS_PACKAGE.
    """
    return tuple(sorted(_modules()))


@cache
def load(name: str) -> Kind:
    """Import a kind. Raises KeyError if there is no such kind, and ValueError if the kind breaks a rule."""
    from shared.kinds import checking, reviewing  # noqa: PLC0415 - see `reviews`

    module = checking.checked(name, _modules()[name])
    return Kind(
        name,
        module.Input,
        module.Output,
        module.LIMITS,
        module.PROMPT_VERSIONS,
        module.run,
        draws=getattr(module, "DRAWS", False),
        shows_partials=getattr(module, "SHOWS_PARTIALS", False),
        reviewed=reviewing.reviewed(module),
        failures=getattr(module, "FAILURES", {}),
    )


@cache
def reviews(name: str) -> str | None:
    """Return the name of a kind's reviewable list, without importing the kind.

    None if the kind declares none or no longer exists.
    """
    from shared.kinds import reviewing  # noqa: PLC0415 - only code that shows an output needs it

    module = _modules().get(name)
    return None if module is None else reviewing.declared(module)


@cache
def _modules() -> Mapping[str, str]:
    """Return each kind's module, by the kind's name."""
    found = {name: f"{__name__}.{name}" for name in _names_in(__path__)}
    if own := os.environ.get(PACKAGE_VARIABLE, ""):
        added = {name: f"{own}.{name}" for name in _names_in(_places_of(own))}
        if twice := sorted(found.keys() & added.keys()):
            raise ValueError(f"{PACKAGE_VARIABLE}: {own} has {', '.join(twice)}, and so has Unstuck: rename yours")
        found |= added
    return found


def _names_in(places: list[str]) -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(places))
    return [name for name in found if name not in NO_KINDS and not name.startswith("_")]


def _places_of(package: str) -> list[str]:
    try:
        return list(importlib.import_module(package).__path__)
    except (ImportError, AttributeError) as error:
        what = f"{PACKAGE_VARIABLE} names {package!r}, which is not a package that can be imported here: {error}"
        raise ValueError(f"{what}. Install it, or add the folder that holds it to PYTHONPATH") from error
