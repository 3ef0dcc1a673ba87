"""The rules for steps and for the return value of `run`. Workers and tests of kinds use the same rules. Stores
nothing."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.finite import not_finite
from shared.kinds.checking import fault_of
from shared.kinds.values import alike, from_json, to_json

_STEP_NAME = re.compile(
    r"[a-z0-9_.-]{1,40}"
)  # part of the step item's key, and stored on the head: short, and without #


class BrokenRuleError(Exception):
    """A kind breaks a rule for kinds. The text says which, and quotes no values. The cause may be pydantic's error."""


def check_step(name: str, result: type[BaseModel]) -> None:
    """Raise BrokenRuleError for a step that cannot be stored, before it costs a call."""
    if not _STEP_NAME.fullmatch(name):
        raise BrokenRuleError("a step's name has 1 to 40 of a-z, 0-9, _, . and -")
    if fault := fault_of(result):
        raise BrokenRuleError(f"the step {name} cannot be stored: {fault}")


def storable(made: object, name: str, result: type[BaseModel]) -> dict[str, Any]:
    """Return a step's result as it is stored. Raises BrokenRuleError if it could not be read again, because each
    attempt would then fail."""
    if not isinstance(made, BaseModel):
        raise BrokenRuleError(f"the step {name} did not return a pydantic model")
    try:
        found = to_json(made)
    except ValueError as unfit:  # includes pydantic's error for a value that it cannot write
        raise BrokenRuleError(f"the result of the step {name} cannot be written as JSON") from unfit
    if list(not_finite(found)):
        raise BrokenRuleError(f"the result of the step {name} has a number that is not finite")
    try:
        again = from_json(result, found)
    except ValidationError as unfit:
        raise BrokenRuleError(f"the result of the step {name} does not fit {result.__name__}") from unfit
    if not alike(made, again):
        raise BrokenRuleError(f"the result of the step {name} changes when written to JSON and read again")
    return found


def check_output(returned: object, output: type[BaseModel], last: Mapping[str, Any] | None) -> None:
    """Raise BrokenRuleError unless `run` returned the kind's output, exactly as its last step stored it."""
    if last is None:
        raise BrokenRuleError("run made no step; it must store its output in a step")
    if not isinstance(returned, output):
        raise BrokenRuleError(f"run returned a {type(returned).__name__}; it must return its Output")
    try:
        stored = from_json(output, last)
    except ValidationError as unfit:
        raise BrokenRuleError("the result of the last step is not an Output") from unfit
    if not alike(stored, returned):
        raise BrokenRuleError("run returned something other than its last step stored")
