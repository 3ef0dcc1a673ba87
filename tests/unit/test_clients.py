"""Clients of AWS: made late, once, and in the region that was named."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.aws import clients
from shared.aws.clients import Late


def test_a_late_client_is_made_when_it_is_first_asked_for_and_once_for_all_threads() -> None:
    made, together = list[object](), threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    late = Late(make)
    assert made == []

    def ask(_number: int) -> object:
        together.wait()
        return late()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {made[0]}
    assert len(made) == 1


def test_a_region_that_is_named_goes_before_the_environments(monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    clients._session.cache_clear()
    try:
        assert clients.sqs().meta.region_name == "eu-central-1"
        clients.set_region("us-west-2")
        assert clients.sqs().meta.region_name == "us-west-2"
    finally:
        clients._session.cache_clear()
