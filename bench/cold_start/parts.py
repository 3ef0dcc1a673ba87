"""The cost of two parts of Powertools in the worker's INIT.

The difference of two whole starts is noisier than what is to be found. So what the worker has anyway loads first, and
then the part.
"""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.cold_start.contestants import Cast
from bench.cold_start.places import Places
from bench.report import Spread, Table
from local.lambda_runtime import handler_command, handler_environment

PARTS = {
    "batch": ("asyncio, concurrent.futures.thread, aws_lambda_powertools.logging.logger", "shared.aws.batch"),
    "parameters": ("functions.process.handler", "lever.powertools_parameters"),
}
"""The modules that load before each part, and its own. The worker loads `batch` before pydantic."""

_TURNS = 21
_CODE = """
import time, {before}
began = time.process_time()
import {part}
print((time.process_time() - began) * 1000)
"""


def parts(cast: Cast, places: Places, variables: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the milliseconds of CPU that each part takes to load beside the loaded worker, in turns."""
    worker = cast.ours("process")
    found: dict[str, list[float]] = {part: [] for part in PARTS}
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as temporary:
        path, given = (places.peers, *worker.path), {**variables, **worker.variables}
        environment = handler_environment(worker.handler, path, given, Path(temporary))
        for _ in range(_TURNS):
            for name, (before, part) in PARTS.items():
                found[name].append(_load(worker.handler, before, part, environment))
    return found


def table(found: Mapping[str, list[float]]) -> Table:
    """The table for the report."""
    rows = [(name, Spread.of(times).text(0)) for name, times in found.items()]
    return Table(f"Parts of Powertools in the worker, {_TURNS} of each", ("part", "CPU ms of INIT"), rows)


def _load(handler: str, before: str, part: str, environment: Mapping[str, str]) -> float:
    python = handler_command(handler)[0]
    argv = [str(python), "-S", "-s", "-c", _CODE.format(before=before, part=part)]
    ended = subprocess.run(argv, env=dict(environment), capture_output=True, text=True, check=True)
    return float(ended.stdout.split()[-1])
