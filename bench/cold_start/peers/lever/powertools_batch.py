"""Our worker with Powertools' batch processor made before the first event, and nothing else changed."""

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

from functions.process.handler import handler

processor = BatchProcessor(event_type=EventType.SQS)

__all__ = ["handler", "processor"]
