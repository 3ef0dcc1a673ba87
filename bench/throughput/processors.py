"""The processor time of a running stack's processes, by their role. Linux only: reads /proc."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import cpu_seconds
from local.processes import environments

EMULATOR, FUNCTIONS, CEILING, MODEL, LOAD, OTHERS = "emulator", "functions", "one-line", "model", "load", "others"
ROLES = (EMULATOR, FUNCTIONS, CEILING, MODEL, LOAD)
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_BUSY_COLUMNS = (0, 1, 2, 5, 6, 7)  # of /proc/stat: user, nice, system, irq, softirq, steal


@dataclass(frozen=True)
class Processors:
    """Processor seconds since the start of each process, at one moment."""

    seconds: Mapping[int, float]
    roles: Mapping[int, str]
    machine_seconds: float

    def since(self, before: "Processors") -> dict[str, float]:
        """Return the seconds by role. `others` is what the rest of the machine used, and what has ended in between."""
        used: dict[str, float] = defaultdict(float)
        for pid, seconds in self.seconds.items():
            used[self.roles[pid]] += seconds - before.seconds.get(pid, 0.0)
        found = {role: used[role] for role in ROLES}
        return found | {OTHERS: max(0.0, self.machine_seconds - before.machine_seconds - sum(found.values()))}

    def count(self, role: str) -> int:
        return sum(each == role for each in self.roles.values())


def look(tmpdir: Path, ceiling: str) -> Processors:
    """Look at all processes of the stack whose TMPDIR is given, and at this one, which is the load.

    `ceiling` is the name of the function that does nothing.
    """
    roles = {os.getpid(): LOAD}
    for pid, environment in environments():
        if environment.get("TMPDIR") == str(tmpdir):
            roles[pid] = _role(environment, ceiling, pid)
    seconds = {pid: used for pid in roles if (used := _seconds(pid)) is not None}
    columns = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    machine = sum(int(columns[column]) for column in _BUSY_COLUMNS) * _TICK_SECONDS
    return Processors(seconds, {pid: roles[pid] for pid in seconds}, machine)


def _role(environment: Mapping[str, str], ceiling: str, pid: int) -> str:
    function = environment.get("AWS_LAMBDA_FUNCTION_NAME")
    if function is not None:
        return CEILING if function == ceiling else FUNCTIONS
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return OTHERS
    return MODEL if b"local.model_server" in command else EMULATOR if b"emulator_main" in command else OTHERS


def _seconds(pid: int) -> float | None:
    """Return its processor time; None for a process that has ended."""
    try:
        return cpu_seconds(pid)
    except OSError:
        return None
