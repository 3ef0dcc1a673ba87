"""The benefit and the cost of a function's memory: cold starts of ours with more and less of it."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import yaml

from bench.cold_start.contestants import FUNCTIONS
from bench.cold_start.starts import Contestant, Start
from bench.report import Spread, Table
from operations.prices import read

SIZES = {"status": (256, 512, 1_024, 1_769), "process": (128, 256, 512, 1_024)}
"""The functions in question, with the memory sizes to try, in MB."""
_MILLION = 1_000_000


def of_the_template(tree: Path) -> dict[str, int]:
    """Return each function's memory in MB as the built template has it by default."""
    parameters = yaml.safe_load((tree / "template.yaml").read_text())["Parameters"]

    def of(function: str) -> int:
        own = parameters[f"{function.capitalize()}MemorySize"]["Default"]
        return int(own or parameters["MemorySize"]["Default"])

    return {function: of(function) for function in FUNCTIONS}


def sizes(contestant: Contestant, name: str) -> list[Contestant]:
    """Return the contestant with each memory that is tried."""
    return [replace(contestant, memory_mb=size) for size in SIZES[name]]


def table(found: dict[str, list[list[Start]]]) -> Table:
    """Latency and price of a cold start by memory; arm64's price a GB-second, in US dollars a million."""
    columns = ("function", "memory, MB", "to the first answer, ms", "first event, ms", "GB-s", "USD a million")
    price = read()["gb_second"].each
    rows = []
    for name, by_size in found.items():
        for starts in by_size:
            size, seconds = starts[0].memory_mb, median(start.lambda_gb_seconds for start in starts)
            until = Spread.of(start.lambda_ms for start in starts).text(0)
            first = Spread.of(start.first_ms for start in starts).text(0)
            rows.append((name, f"{size:,}", until, first, f"{seconds:.3f}", f"{seconds * price * _MILLION:.2f}"))
    return Table("By memory", columns, rows)
