"""The kinds of generation, one module each, and their registry. Knows no AWS and no HTTP.

Importing this costs nothing: a kind's module, and pydantic with it, is imported only by those who `load` it.
"""

import importlib
import pkgutil
from functools import cache

from shared.kinds.contract import Kind

NO_KINDS = frozenset({"contract", "forms"})
"""The modules of this package that kinds are written with."""


@cache
def names() -> tuple[str, ...]:
    """Return the kinds there are: the modules of this package, but for NO_KINDS and what begins with an underscore."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name not in NO_KINDS and not name.startswith("_")))


@cache
def load(name: str) -> Kind:
    """Import a kind. Raises KeyError when there is none of that name."""
    if name not in names():
        raise KeyError(name)
    module = importlib.import_module(f"{__name__}.{name}")
    return Kind(
        name,
        module.Input,
        module.Output,
        module.LIMITS,
        module.PROMPT_VERSIONS,
        module.run,
        draws=getattr(module, "DRAWS", False),
        failures=getattr(module, "FAILURES", {}),
    )
