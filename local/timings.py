"""The timings that `make run` deploys: the template's own, or short ones to watch recovery. Also describes them."""

from collections.abc import Mapping

from local.running import RunningStack

# A user who tries things out would soon reach the default of five in five minutes.
_FOR_TRYING = {"RateLimits": "*=60/300"}
WARM = {"create": 3, "status": 2, "process": 7}
"""How many processes of each function stay up: they answer and begin a burst of nine on two processors."""
_FAST = {"HeartbeatSeconds": "0.5", "LeaseSeconds": "5", "DispatchGraceSeconds": "10"}


def parameters(*, fast: bool) -> Mapping[str, str]:
    """Return the template's parameters: all timings are the template's, unless `fast`."""
    return {**_FOR_TRYING, **(_FAST if fast else {})}


def described(stack: RunningStack, *, fast: bool) -> str:
    """Return in a sentence or two which timings the stack runs with, from its functions' settings."""
    functions = stack.client("lambda")
    found = functions.get_function_configuration(FunctionName=stack.function_names["status"])
    own = found["Environment"]["Variables"]
    beat, lease = f"{float(own['HEARTBEAT_SECONDS']):g} s", f"{float(own['LEASE_SECONDS']):g} s"
    which = "Short timings, to watch recovery" if fast else "The template's own timings"
    other = (
        "For the template's timings: make run without FAST=1." if fast else "For recovery within 5 s: make run FAST=1."
    )
    return f"{which}: a heartbeat every {beat}, a lost worker replaced after {lease}. {other}"
