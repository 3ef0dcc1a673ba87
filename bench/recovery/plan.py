"""The plan for all contestants alike: the number of kills, the time of each, and how long to watch afterwards. Pure."""

KILLS = 20
JOB_SECONDS = 20.0
"""How long the one model call of a job takes, which is all of the job."""
PATIENCE_SECONDS = 120.0
"""A job that takes longer than this, and its own time, after the kill is written as not recovered."""
WATCH_SECONDS = PATIENCE_SECONDS + JOB_SECONDS + 2.0
START_SECONDS = 240.0
"""For all jobs of a contestant to begin: a hundred workers start one after the other on two processors."""


def kill_after_seconds(number: int, kills: int = KILLS) -> float:
    """Return how long after its begin the job is killed: evenly from a quarter to three quarters of its time."""
    share = number / (kills - 1) if kills > 1 else 0.5
    return JOB_SECONDS * (0.25 + 0.5 * share)
