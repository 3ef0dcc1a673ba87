"""Closing from another thread, and the loop that a call runs in."""

import asyncio
import threading

import pytest

from functions.process.provider.cancellation import Cancellation, run_until_cancelled
from shared.domain.errors import CallCanceledError


def test_the_result_of_the_work_is_returned() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert run_until_cancelled(work, Cancellation()) == 7


def test_an_error_of_the_work_passes_through() -> None:
    async def work() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run_until_cancelled(work, Cancellation())


def test_work_that_waits_for_ever_ends_when_another_thread_cancels() -> None:
    cancellation, closed = Cancellation(), threading.Event()

    async def work() -> None:
        threading.Thread(target=cancellation.cancel).start()
        try:
            await asyncio.Event().wait()
        finally:
            closed.set()

    with pytest.raises(CallCanceledError):
        run_until_cancelled(work, cancellation)
    assert closed.is_set()
    assert cancellation.cancelled


def test_after_a_cancellation_nothing_starts() -> None:
    cancellation, steps = Cancellation(), []
    cancellation.cancel()

    async def work() -> None:
        steps.append("started")

    with pytest.raises(CallCanceledError):
        run_until_cancelled(work, cancellation)
    assert steps == []


def test_a_second_cancellation_does_nothing() -> None:
    cancellation, closed = Cancellation(), []
    with cancellation.closing(lambda: closed.append(1)):
        cancellation.cancel()
        cancellation.cancel()
    assert closed == [1]


def test_a_cancellation_that_comes_too_late_touches_nothing() -> None:
    cancellation, closed = Cancellation(), []
    with cancellation.closing(lambda: closed.append(1)):
        pass
    cancellation.cancel()
    assert closed == []


def test_one_cancellation_closes_every_call_under_it() -> None:
    cancellation, waiting = Cancellation(), threading.Barrier(6)
    ended: list[type[Exception]] = []

    async def work() -> None:
        await asyncio.to_thread(waiting.wait, 30)
        await asyncio.Event().wait()

    def call() -> None:
        try:
            run_until_cancelled(work, cancellation)
        except CallCanceledError as error:
            ended.append(type(error))

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    waiting.wait(30)
    cancellation.cancel()
    for thread in threads:
        thread.join(30)
    assert ended == [CallCanceledError] * 5
