"""Libraries log no content of their requests at any level; our own log lines stay unchanged."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.aws import silence

SECRET = "sk-of-a-user"
FUNCTIONS = ("create", "status", "actions", "process", "sweeper", "authorizer", "live", "push")


class Kept(logging.Handler):
    """Keeps each record as a line of text, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def turned_on(name: str) -> Iterator[tuple[logging.Logger, Kept]]:
    """Listen to a logger at every level, during the block."""
    logger, kept = logging.getLogger(name), Kept()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(kept)
    try:
        yield logger, kept
    finally:
        logger.setLevel(before)
        logger.removeHandler(kept)


@pytest.mark.parametrize("name", [*sorted(silence.TALKATIVE), "botocore.endpoint", "httpcore.http11"])
def test_a_library_at_debug_says_nothing_of_what_it_sends(name: str) -> None:
    with turned_on(name) as (logger, kept):
        logger.debug("body: %s", SECRET, stack_info=True)
        logger.info(SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            logger.debug("failed", exc_info=True)
    assert len(kept.lines) == 3
    assert SECRET not in "".join(kept.lines)
    assert all(silence.LEFT_OUT in line for line in kept.lines)


def test_a_warning_of_a_library_is_told() -> None:
    with turned_on("botocore.endpoint") as (logger, kept):
        logger.warning("the pool is full")
    assert "the pool is full" in kept.lines[0]


def test_what_others_log_is_left_as_it_is() -> None:
    with turned_on("ours") as (logger, kept):
        logger.debug("%s", "a line of ours")
    assert "a line of ours" in kept.lines[0]
    assert "made by hand" in logging.makeLogRecord({"msg": "made by hand"}).getMessage()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_quiet_from_its_import_on(function: str) -> None:
    program = (
        "import logging, sys\n"
        f"import functions.{function}.handler\n"
        "logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)\n"
        f"logging.getLogger('botocore.endpoint').debug('not even by the root logger {SECRET}')\n"
        "logging.getLogger('botocore.endpoint').setLevel(logging.DEBUG)\n"
        f"logging.getLogger('botocore.endpoint').debug('body: %s', '{SECRET}')\n"
    )
    argv = [sys.executable, "-c", program]
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - the lines above
    assert answer.stdout.splitlines() == [f"DEBUG:botocore.endpoint:{silence.LEFT_OUT}"]
