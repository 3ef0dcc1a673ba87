"""The job: one model call, read to its end. Notes when it begins, where, and when it ends."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

MODEL = os.environ.get("RECOVERY_MODEL", "")
BROKER = os.environ.get("RECOVERY_BROKER", "")
_ANSWER_SECONDS = 60


def work(job: str) -> None:
    """Do the job, waiting in this thread."""
    with _noted(job), httpx.Client(timeout=_ANSWER_SECONDS) as client, client.stream("POST", **_request(job)) as answer:
        answer.raise_for_status()
        _check([line for line in answer.iter_lines() if line])


async def work_async(job: str) -> None:
    """Do the job, waiting in the event loop."""
    with _noted(job):
        client = httpx.AsyncClient(timeout=_ANSWER_SECONDS)
        async with client, client.stream("POST", **_request(job)) as answer:
            answer.raise_for_status()
            _check([line async for line in answer.aiter_lines() if line])


def _request(job: str) -> dict[str, Any]:
    return {
        "url": f"{os.environ['RECOVERY_MODEL_URL']}/chat/completions",
        "headers": {"authorization": "Bearer sk-bench", "x-unstuck-generation": job},
        "json": {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": f"Tell me about {job}."}]},
    }


def _check(lines: list[str]) -> None:
    if lines[-1] != "data: [DONE]":
        raise RuntimeError(f"the model's answer has no end: {lines[-1]}")


@contextmanager
def _noted(job: str) -> Iterator[None]:
    _note("began", job)
    yield
    _note("ended", job)


def _note(event: str, job: str) -> None:
    line = {"event": event, "job": job, "worker": os.environ["RECOVERY_WORKER"], "pid": os.getpid(), "at": time.time()}
    # One write of one short line to a file opened for appending: lines of several processes do not mix.
    with Path(os.environ["RECOVERY_EVENTS"]).open("a", encoding="utf-8") as events:
        events.write(json.dumps(line) + "\n")
