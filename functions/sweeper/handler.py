"""Wiring of the scheduled sweep."""

from functools import cache
from typing import Any, Protocol

from functions.sweeper.service import Sweep
from shared import wiring
from shared.telemetry import logger, measure_rescues

_STOP_MILLISECONDS = 10_000


class LambdaContext(Protocol):
    """What the sweep asks of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int: ...


@cache
def _sweep() -> Sweep:
    store = wiring.store()
    return Sweep(store, wiring.rescuer(store), wiring.clock)


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep once and return the report: outcome to number of generations."""
    report = dict(_sweep().run(lambda: context.get_remaining_time_in_millis() < _STOP_MILLISECONDS))
    logger().info("swept", extra={"report": report})
    measure_rescues(report, errors=report.get("error", 0))
    return report
