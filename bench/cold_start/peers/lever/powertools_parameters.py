"""One of our functions with Powertools' parameters made before the first event, and nothing else changed."""

import importlib
import os

from aws_lambda_powertools.utilities.parameters import SSMProvider

provider = SSMProvider()
handler = importlib.import_module(f"functions.{os.environ['FUNCTION']}.handler").handler
