"""The local stack under nine creates at once, as `make run` starts it: `python -m bench.burst`.

Reports when each is answered and when its worker begins, with the processor time of the burst. These are no figures of
AWS: there, environments start side by side, each on its own machine.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.cpu import cpu_seconds
from bench.report import PROJECT
from local import timings
from local.processes import environments
from local.stack import LocalStack, StackOptions

CREATES = 9
_TEXT = (PROJECT / "examples" / "biology.txt").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Burst:
    """The figures of a burst; seconds from its start, in order."""

    answered: list[float]
    began: list[float]
    cpu_seconds: float


def burst(stack: LocalStack, owner: str, seconds: int) -> Burst:
    """Send the creates at once, for jobs of this many seconds, and wait until all have ended."""
    headers = {"authorization": f"Bearer {stack.token(owner)}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60, trust_env=False) as client:
        before = _cpu(stack)
        began, clock = datetime.now(UTC), time.monotonic()

        def create(_: int) -> tuple[float, str]:
            answer = client.post("/v1/generations", json={"source_text": _TEXT, "model": f"local/stream:{seconds}"})
            answer.raise_for_status()
            return time.monotonic() - clock, str(answer.json()["urls"]["self"])

        with ThreadPoolExecutor(CREATES) as pool:
            sent = list(pool.map(create, range(CREATES)))
        starts = [datetime.fromisoformat(_ended(client, location)["started_at"]) for _, location in sent]
        used = sum(_cpu(stack).values()) - sum(before.values())
    return Burst(sorted(at for at, _ in sent), sorted((at - began).total_seconds() for at in starts), used)


def _ended(client: httpx.Client, location: str) -> dict[str, str]:
    while True:
        found: dict[str, str] = client.get(location).raise_for_status().json()
        if found["status"] in ("succeeded", "failed", "canceled"):
            return found
        time.sleep(0.5)


def _cpu(stack: LocalStack) -> dict[int, float]:
    return {pid: cpu_seconds(pid) for pid in _pids(stack)}


def _pids(stack: LocalStack) -> list[int]:
    return [pid for pid, environment in environments() if environment.get("TMPDIR") == str(stack.tmpdir)]


def _memory_mib(stack: LocalStack) -> int:
    """The memory of the stack's own processes, with shared memory counted once (PSS)."""
    rollups = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _pids(stack))
    return (
        sum(int(line.split()[1]) for text in rollups for line in text.splitlines() if line.startswith("Pss:")) // 1024
    )


def _settle(stack: LocalStack) -> None:
    """Wait until all warm processes are up and idle."""
    before = -1.0
    for _ in range(120):
        now = sum(_cpu(stack).values())
        if now - before < 0.05:
            return
        before = now
        time.sleep(2)


def _row(values: list[float]) -> str:
    return " ".join(f"{value:5.2f}" for value in values)


def main() -> int:
    """Return 0; what was measured is printed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bursts", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="how long the model takes for each")
    parser.add_argument("--cold", action="store_true", help="keep one process of each function, not a few")
    arguments = parser.parse_args()
    warm = {} if arguments.cold else timings.WARM
    with LocalStack(StackOptions(parameters=timings.parameters(fast=False), warm=warm)) as stack:
        for number in range(arguments.bursts):
            _settle(stack)
            idle = {name: len(stack.worker_pids(name)) for name in ("create", "status", "process")}
            print(f"processes {idle}, {_memory_mib(stack)} MiB")
            found = burst(stack, f"burst-{number}", arguments.seconds)
            print(f"answered {_row(found.answered)}\nbegan    {_row(found.began)}\nCPU      {found.cpu_seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
