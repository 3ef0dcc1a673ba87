"""Dramatiq on Redis. That its workers fetch no second message while they are busy is in their environment."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.recovery.jobs.work import BROKER, work

dramatiq.set_broker(RedisBroker(url=BROKER))
run = dramatiq.actor(work, actor_name="run")


def submit(jobs: list[str]) -> None:
    for job in jobs:
        run.send(job)
