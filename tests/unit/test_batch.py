"""A batch of messages leaves nothing behind."""

import gc
import weakref

import pytest
from aws_lambda_powertools.utilities.batch import BatchProcessor

from shared.aws import batch
from shared.aws.batch import GoesBackError, side_by_side


@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_nothing_of_a_batch_is_left_for_the_garbage_collector(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker collects rarely (`shared/__init__.py`): a cycle would keep each batch's messages for long."""
    made = list[weakref.ref[BatchProcessor]]()
    enter = BatchProcessor.__enter__

    def seen(processor: BatchProcessor) -> object:
        made.append(weakref.ref(processor))
        entered: object = enter(processor)  # type: ignore[no-untyped-call]
        return entered

    def handle(body: str, _message_id: str) -> str:
        if fails:
            raise GoesBackError
        return body

    monkeypatch.setattr(batch._SideBySide, "__enter__", seen, raising=False)
    gc.disable()
    try:
        done, _ = side_by_side([{"messageId": "m", "body": "said"}], handle)
    finally:
        gc.enable()
    assert done == ([] if fails else ["said"])
    assert [processor() for processor in made] == [None]
