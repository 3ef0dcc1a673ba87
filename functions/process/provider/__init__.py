"""The worker's client of the model's API: one call, its stream, its deadline, and what each ending means.

It knows nothing of generations, leases or AWS, keeps no key, and never repeats a call that was sent.
"""

from functions.process.provider.cancellation import Cancellation
from functions.process.provider.client import Provider
from functions.process.provider.request import Completion, Message, ModelRequest

__all__ = ["Cancellation", "Completion", "Message", "ModelRequest", "Provider"]
