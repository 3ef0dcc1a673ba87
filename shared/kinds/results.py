"""What a step and the return of `run` must be: the same rules in a worker and in a test of a kind. Stores nothing."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.finite import not_finite
from shared.kinds.checking import fault_of
from shared.kinds.values import alike, from_json, to_json

_STEP_NAME = re.compile(r"[a-z0-9_.-]{1,40}")  # a part of the step item's key, and on the head: no #, and short


class BrokenRuleError(Exception):
    """A kind breaks a rule of kinds. The text says which, and quotes nothing; its cause may be pydantic's."""


def check_step(name: str, result: type[BaseModel]) -> None:
    """Raise BrokenRuleError for a step that could not be stored, whatever it made: before it costs a call."""
    if not _STEP_NAME.fullmatch(name):
        raise BrokenRuleError("a step's name has 1 to 40 of a-z, 0-9, _, . and -")
    if fault := fault_of(result):
        raise BrokenRuleError(f"the step {name} cannot be stored: {fault}")


def storable(made: object, name: str, result: type[BaseModel]) -> dict[str, Any]:
    """Return what is stored of a step. Raises BrokenRuleError for what could not be read again: each attempt would fail
    at it."""
    if not isinstance(made, BaseModel):
        raise BrokenRuleError(f"the step {name} made no model of pydantic's")
    try:
        found = to_json(made)
    except ValueError as unfit:  # pydantic's own for a value that it cannot write, too
        raise BrokenRuleError(f"what the step {name} made has no JSON") from unfit
    if list(not_finite(found)):
        raise BrokenRuleError(f"the step {name} made a number that is not finite")
    try:
        again = from_json(result, found)
    except ValidationError as unfit:
        raise BrokenRuleError(f"what the step {name} made does not fit {result.__name__}") from unfit
    if not alike(made, again):
        raise BrokenRuleError(f"what the step {name} made comes back from JSON as something else")
    return found


def check_output(returned: object, output: type[BaseModel], last: Mapping[str, Any] | None) -> None:
    """Raise BrokenRuleError unless what `run` returned is the kind's output, and what its last step has stored."""
    if last is None:
        raise BrokenRuleError("run made no step")
    if not isinstance(returned, output):
        raise BrokenRuleError(f"run returned a {type(returned).__name__} and not its Output")
    try:
        stored = from_json(output, last)
    except ValidationError as unfit:
        raise BrokenRuleError("the result of the last step is no Output") from unfit
    if not alike(stored, returned):
        raise BrokenRuleError("run returned something else than its last step has stored")
