"""`python -m bench.recovery`: every contestant's course, and the report of them all."""

import signal
import sys
import tempfile
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from bench.recovery import __doc__ as description
from bench.recovery.account import Account, Job
from bench.recovery.course import Course, StoppedError
from bench.recovery.ours import OurCourse
from bench.recovery.peers import PEERS
from bench.recovery.plan import JOB_SECONDS, PATIENCE_SECONDS
from bench.recovery.servers import Servers
from bench.recovery.tables import Row, ours, report_of
from bench.report import Report, run


def measure() -> Report:
    """Run all contestants: the peers' workers start one contestant after the other and then wait side by side;
    ours are last."""
    labels = [peer.label for peer in PEERS]  # of the installed packages; at once, if there is none
    starting, stopped = threading.Lock(), threading.Event()
    with tempfile.TemporaryDirectory(prefix="unstuck-recovery-") as state, Servers(Path(state)) as servers:
        courses = [
            Course(peer, servers, Path(state) / f"peer-{number}", starting, stopped)
            for number, peer in enumerate(PEERS)
        ]
        with ThreadPoolExecutor(len(courses) + 1) as pool:
            running = [pool.submit(course.run) for course in courses]
            own = pool.submit(OurCourse(starting, stopped).run, running)
            everything: list[Future[Any]] = [*running, own]
            try:
                wait(everything, return_when=FIRST_EXCEPTION)
            finally:
                stopped.set()  # where one could not be measured, the others end now
            _raise_what_is_wrong(everything)
            watched, unwatched = own.result()
            accounts = [_account(ended.result()) for ended in running]
    peers = [Row.of(peer, label, account) for peer, label, account in zip(PEERS, labels, accounts, strict=True)]
    return report_of([*ours(_account(watched), _account(unwatched)), *peers])


def _raise_what_is_wrong(everything: list[Future[Any]]) -> None:
    """Raise the error of the one that could not be measured, not of those that were ended for it."""
    for ended in everything:
        error = ended.exception()
        if error is not None and not isinstance(error, StoppedError):
            raise error


def _account(jobs: list[Job]) -> Account:
    return Account.of(jobs, JOB_SECONDS, PATIENCE_SECONDS)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # however this is stopped, all children end in order
    sys.exit(run(measure, description or ""))
