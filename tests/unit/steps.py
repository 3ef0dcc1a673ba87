"""Counts what a call takes in lines of Python, which is the same on every machine. A regular expression is one line:
`test_matching_is_linear` says which of them may look at a text that is not ours."""

import sys
from collections.abc import Callable
from typing import Any


def steps(run: Callable[[], object]) -> int:
    """Return how many lines of Python a call takes."""
    taken = 0

    def count(*_: Any) -> None:
        nonlocal taken
        taken += 1

    tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events.LINE
    sys.monitoring.use_tool_id(tool, "steps")
    sys.monitoring.register_callback(tool, events, count)
    sys.monitoring.set_events(tool, events)
    try:
        run()
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.register_callback(tool, events, None)
        sys.monitoring.free_tool_id(tool)
    return taken
