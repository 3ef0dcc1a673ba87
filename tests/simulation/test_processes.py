"""A dead simulated process does nothing more, whichever of its threads had started."""

from random import Random

from tests.simulation.process import Process, ProcessClock
from tests.simulation.scheduler import Scheduler


def test_a_thread_whose_process_dies_before_it_begins_does_nothing_and_ends_in_silence() -> None:
    scheduler, done = Scheduler(Random(1)), list[str]()
    process = Process(1, "process", scheduler, ProcessClock(scheduler, Random(1)), (), old=False)

    def work() -> None:
        process.spawn("beats", lambda: done.append("a beat"))
        process.kill()
        done.append("the last that it did")

    process.run(work)
    scheduler.run(lambda: False)
    assert done == ["the last that it did"]
    assert process.threads_left() == []
