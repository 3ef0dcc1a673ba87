"""A batch of a queue's messages, one thread for each. Powertools makes the partial batch response."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord


class GoesBackError(Exception):
    """The message must go back to its queue. The log already says why."""


class _SideBySide(BatchProcessor):
    def process(self) -> list[tuple[Any, ...]]:
        """Process each record in a thread of its own. Every thread is joined before the return."""
        with ThreadPoolExecutor(max_workers=max(1, len(self.records)), thread_name_prefix="generation") as pool:
            return list(pool.map(self._process_record, self.records))


def side_by_side[Done](
    records: list[dict[str, Any]], handle: Callable[[str, str], Done]
) -> tuple[list[Done], dict[str, Any]]:
    """Call `handle` with the body and the id of each message, all at once.

    Returns what was done with the messages, in their order, and the answer that sends back exactly those for which
    `handle` raised.
    """
    processor = _SideBySide(EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(records, partial(_apart, handle)):
        done = processor.process()
    answer = dict(processor.response())
    vars(processor).clear()  # it holds its own methods, and tracebacks that lead back to it: cycles
    return [result for outcome, result, _record in done if outcome == "success"], answer


def _apart[Done](handle: Callable[[str, str], Done], record: SQSRecord) -> Done:
    return handle(record.body, record.message_id)
