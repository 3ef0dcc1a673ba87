"""huey on Redis."""

from huey import RedisHuey

from bench.recovery.jobs.work import BROKER, work

huey = RedisHuey("recovery", url=BROKER)
run = huey.task(name="run")(work)


def submit(jobs: list[str]) -> None:
    for job in jobs:
        run(job)
