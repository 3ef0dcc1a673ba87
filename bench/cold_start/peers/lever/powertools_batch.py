"""One of our functions with Powertools' batch processor made before the first event, and nothing else changed."""

import importlib
import os

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

processor = BatchProcessor(event_type=EventType.SQS)
handler = importlib.import_module(f"functions.{os.environ['FUNCTION']}.handler").handler
