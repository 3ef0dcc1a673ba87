"""All codes with which a generation can fail: the register's, and those that the kinds declare. Only for build time."""

import re
from collections.abc import Iterable, Mapping

from shared import kinds
from shared.domain.codes import Code
from shared.domain.codes.failures import FAILURES
from shared.kinds.contract import Kind

_CODE = re.compile(r"[a-z][a-z0-9_]{2,39}")


def failures() -> Mapping[str, Code]:
    """Return the codes of this deployment."""
    return with_those_of(kinds.load(name) for name in kinds.names())


def with_those_of(declaring: Iterable[Kind]) -> Mapping[str, Code]:
    """Return the register's codes and those of these kinds. Raises ValueError if one is misspelt, or is declared with
    two meanings."""
    found = dict(FAILURES)
    for kind in declaring:
        for code, meaning in kind.failures.items():
            if not _CODE.fullmatch(code):
                raise ValueError(f"the kind {kind.name} declares {code!r}: a code has 3 to 40 of a-z, 0-9 and _")
            if found.setdefault(code, meaning) != meaning:
                raise ValueError(f"the kind {kind.name} declares {code!r}, which has another meaning already")
    return found
