"""Celery on Redis as its documentation has it for long tasks that must not be lost: acks_late, one task at a time."""

import os

from celery import Celery

from bench.recovery.jobs.work import BROKER, work

app = Celery("recovery", broker=BROKER)
# Without the second, a busy worker reserves four more jobs. The kill would hit those before they begin.
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)
if os.environ.get("RECOVERY_REJECT_ON_WORKER_LOST"):
    app.conf.update(task_reject_on_worker_lost=True)
run = app.task(work, name="run")


def submit(jobs: list[str]) -> None:
    for job in jobs:
        run.delay(job)
