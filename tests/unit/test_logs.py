"""The logger of a function, which its threads share."""

import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import aws_lambda_powertools
import pytest

from shared.aws import logs


def test_threads_that_log_first_at_the_same_time_share_one_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Powertools would write each line as often as its logger was made, or fail."""
    made, together = list[object](), threading.Barrier(8)

    class Slow(aws_lambda_powertools.Logger):
        def __init__(self, **given: object) -> None:
            made.append(self)
            sleep(0.05)  # the others get here meanwhile, if nothing holds them
            super().__init__(**given)  # type: ignore[arg-type]

    def ask(_number: int) -> object:
        together.wait()
        return logs.logger()

    monkeypatch.setattr(aws_lambda_powertools, "Logger", Slow)
    logs._made.cache_clear()
    try:
        with ThreadPoolExecutor(8) as pool:
            assert len(set(map(id, pool.map(ask, range(8))))) == 1
        assert len(made) == 1
    finally:
        logs._made.cache_clear()
