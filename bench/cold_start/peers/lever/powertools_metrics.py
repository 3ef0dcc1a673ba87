"""One of our functions with Powertools' Metrics made before the first event, and nothing else changed."""

import importlib
import os

from aws_lambda_powertools import Metrics

measured = Metrics(namespace="bench", service="bench")
handler = importlib.import_module(f"functions.{os.environ['FUNCTION']}.handler").handler
