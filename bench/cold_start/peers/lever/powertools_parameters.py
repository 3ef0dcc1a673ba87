"""Our worker with Powertools' parameters made before the first event, and nothing else changed."""

from aws_lambda_powertools.utilities.parameters import SSMProvider

from functions.process.handler import handler

provider = SSMProvider()

__all__ = ["handler", "provider"]
