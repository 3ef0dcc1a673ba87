"""The worker's client of the model's API: one call, its stream, its deadline, and the meaning of each outcome.

Knows no generations, leases or AWS, keeps no key, and never repeats a call that was sent.
"""

from functions.process.provider.cancellation import Cancellation
from functions.process.provider.client import Provider
from functions.process.provider.json_in_text import candidates as json_candidates
from functions.process.provider.record import CallRecord
from functions.process.provider.request import ChatMessage, Completion, ModelRequest

__all__ = ["CallRecord", "Cancellation", "ChatMessage", "Completion", "ModelRequest", "Provider", "json_candidates"]
