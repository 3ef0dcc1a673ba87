"""The queue message and its sender. Only a function that may send to the queues can start work."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import MessageRefusedError
from shared.domain.generation import Called, Generation, GenerationKey
from shared.domain.pseudonym import keyed_hash

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGE_VERSION = 1
_LONGEST_KEY = 1_000  # bytes; DynamoDB takes 1,024 in a sort key, and two stand before the id
_BEYOND_FENCES = 10**15
SQS_MAX_DELAY_SECONDS = 900
"""SQS refuses a longer delay. A message that arrives before `not_before` is sent again with the remaining delay."""


class DispatchFailedError(Exception):
    """The queue did not accept or confirm the message. The generation is safe: after its `due_at`, a rescuer sends
    it."""


def _is_key(text: str) -> bool:
    """Whether DynamoDB accepts it as part of a key: not empty, of bounded length, valid UTF-8."""
    try:
        return 0 < len(text.encode()) <= _LONGEST_KEY
    except UnicodeEncodeError:  # half a surrogate pair
        return False


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message to a worker: which generation to claim, and the fence that it must still have."""

    user_id: str
    generation_id: str
    fence: int

    @property
    def called(self) -> Called:
        """The generation that the message names."""
        return Called(GenerationKey(self.user_id, self.generation_id), self.fence)

    def to_json(self) -> str:
        return json.dumps(
            {
                "v": MESSAGE_VERSION,
                "user_id": self.user_id,
                "generation_id": self.generation_id,
                "fence": self.fence,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "QueueMessage":
        """Read a message. Raises MessageRefusedError if it is not ours, or of a newer version."""
        try:
            body = json.loads(text)
            version, message = body["v"], cls(body["user_id"], body["generation_id"], body["fence"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MessageRefusedError("this is not a message of Unstuck") from error
        if type(version) is not int or not 0 < version <= MESSAGE_VERSION:  # in Python a bool is an int
            raise MessageRefusedError(f"the message has version {version!r}; this code reads up to {MESSAGE_VERSION}")
        if not (isinstance(message.user_id, str) and isinstance(message.generation_id, str)):
            raise MessageRefusedError("the message's ids are not strings")
        if not (_is_key(message.user_id) and _is_key(message.generation_id)):
            raise MessageRefusedError("the message's ids cannot be keys of the table")
        if type(message.fence) is not int:
            raise MessageRefusedError("the message's fence is not a number")
        if not 0 < message.fence < _BEYOND_FENCES:
            raise MessageRefusedError("the message's fence is not one that a generation can have")
        return message


class Dispatch(Protocol):
    """Starts the work of a pending generation."""

    def send(self, generation: Generation, now: datetime) -> None: ...


class SqsDispatch:
    """Sends to the batched queue. Once a worker has died with the generation, sends to the queue that delivers one at a
    time.

    `client` returns the client. It is called for each message, so the client is not made before the first.
    """

    def __init__(
        self, client: Callable[[], "SQSClient"], queue_url: str, isolated_queue_url: str, owner_key: str = ""
    ) -> None:
        self._client, self._owner_key = client, owner_key
        self._queue_url = queue_url
        self._alone_queue_url = isolated_queue_url

    def send(self, generation: Generation, now: datetime) -> None:
        """Send the message, delayed until `not_before` or by SQS's maximum. Raises DispatchFailedError."""
        message = QueueMessage(generation.user_id, generation.generation_id, generation.fence)
        try:
            self._client().send_message(
                QueueUrl=self._alone_queue_url if generation.isolated else self._queue_url,
                MessageBody=message.to_json(),
                DelaySeconds=delay_seconds(generation.not_before, now),
                # Fair queues: one owner's backlog does not starve the others. Hashed, because not every subject is a
                # legal id.
                MessageGroupId=keyed_hash(generation.user_id, self._owner_key),
            )
        except (ClientError, BotoCoreError) as error:
            raise DispatchFailedError(type(error).__name__) from error


def delay_seconds(not_before: datetime | None, now: datetime) -> int:
    """Return SQS's delay in whole seconds, rounded up. A message that arrives early would have to be sent again."""
    if not_before is None:
        return 0
    whole, rest = divmod(max(0.0, (not_before - now).total_seconds()), 1)
    return min(SQS_MAX_DELAY_SECONDS, int(whole) + (1 if rest else 0))
