"""Wiring of the scheduled sweep."""

from functools import cache
from typing import Any, Protocol

from functions.sweeper.service import Sweep
from shared import wiring
from shared.aws.clients import FOR_A_WORKER
from shared.aws.init import prepare
from shared.aws.logs import logger
from shared.aws.metrics import measure_rescues
from shared.store.deployment_spend import DeploymentSpend
from shared.store.reads import Reader
from shared.store.sweeps import SweepMarks

_STOP_MILLISECONDS = 10_000


class LambdaContext(Protocol):
    """The part of Lambda's context object that the sweep uses."""

    def get_remaining_time_in_millis(self) -> int: ...


@cache
def _sweep() -> Sweep:
    ground = wiring.ground(FOR_A_WORKER)
    spend = DeploymentSpend(ground)
    return Sweep(Reader(ground), SweepMarks(ground), wiring.rescuer(ground), wiring.clock, spend)


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep once and return the number of generations by outcome. Raises if a shard could not be read."""
    sweep = _sweep()
    found = sweep.run(lambda: context.get_remaining_time_in_millis() < _STOP_MILLISECONDS)
    report, oldest = dict(found.report), found.oldest_pending
    if report:
        logger().info("swept", extra={"report": report})
    waiting = 0.0 if oldest is None else (wiring.clock.now() - oldest.created_at).total_seconds()
    measure_rescues(
        report,
        found.ended,
        errors=report.get("error", 0),
        oldest_pending_seconds=waiting,
        deployment_spend_percent=sweep.spent_percent(),
        beyond_bound=found.beyond_bound,
    )
    found.raise_failure()
    return report


prepare(_sweep)
