"""arq, which is on Redis alone."""

import asyncio
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings

from bench.recovery.jobs.work import BROKER, work_async


async def run(_context: dict[str, Any], job: str) -> None:
    await work_async(job)


class WorkerSettings:
    """The settings that `arq` reads; ten jobs at once are its default."""

    functions = (run,)
    redis_settings = RedisSettings.from_dsn(BROKER)
    max_jobs = 1


def submit(jobs: list[str]) -> None:
    asyncio.run(_submit(jobs))


async def _submit(jobs: list[str]) -> None:
    pool = await create_pool(WorkerSettings.redis_settings)
    for job in jobs:
        await pool.enqueue_job("run", job)
    await pool.aclose()
