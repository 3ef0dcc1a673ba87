"""The queue message and its sending: the only way that work is started, by the right to send to the queues."""

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
_LONGEST_KEY = 1_000  # bytes; DynamoDB takes 1,024 of a sort key, with the two that stand before the id
_BEYOND_FENCES = 10**15
SQS_MAX_DELAY_SECONDS = 900
"""SQS refuses a longer delay; a message that comes before `not_before` is dispatched again with what remains."""


class DispatchFailedError(Exception):
    """The queue did not take or confirm the message. The generation is safe: its `due_at` brings a rescuer."""


def _is_key(text: str) -> bool:
    """Whether DynamoDB takes it as a part of a key: something, of a bounded length, in UTF-8."""
    try:
        return 0 < len(text.encode()) <= _LONGEST_KEY
    except UnicodeEncodeError:  # half a surrogate pair
        return False


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """What a worker is told: which generation, and the fence that it must still have."""

    user_id: str
    generation_id: str
    fence: int

    @property
    def called(self) -> Called:
        """The generation as the message names it."""
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
        """Read a message. Raises MessageRefusedError for what is no message of ours, or of a newer version."""
        try:
            body = json.loads(text)
            version, message = body["v"], cls(body["user_id"], body["generation_id"], body["fence"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MessageRefusedError("the message is not one of Unstuck's") from error
        if type(version) is not int or not 0 < version <= MESSAGE_VERSION:  # a bool is an int, too
            raise MessageRefusedError(f"the message has version {version!r}; this code reads up to {MESSAGE_VERSION}")
        if not (isinstance(message.user_id, str) and isinstance(message.generation_id, str)):
            raise MessageRefusedError("the message's ids are not strings")
        if not (_is_key(message.user_id) and _is_key(message.generation_id)):
            raise MessageRefusedError("the message's ids are no keys of the table")
        if type(message.fence) is not int:
            raise MessageRefusedError("the message's fence is not a number")
        if not 0 < message.fence < _BEYOND_FENCES:
            raise MessageRefusedError("the message's fence is none that a generation has")
        return message


class Dispatch(Protocol):
    """Starts the work of a pending generation."""

    def send(self, generation: Generation, now: datetime) -> None: ...


class SqsDispatch:
    """Sends to the queue that shares batches, or, once a worker died with the generation, to the one that does not.

    `client` returns the client; it is asked with each message, so that it need not be made before the first.
    """

    def __init__(
        self, client: Callable[[], "SQSClient"], queue_url: str, isolated_queue_url: str, owner_key: str = ""
    ) -> None:
        self._client, self._owner_key = client, owner_key
        self._queue_url = queue_url
        self._alone_queue_url = isolated_queue_url

    def send(self, generation: Generation, now: datetime) -> None:
        """Send the message, delayed to `not_before` as far as SQS can. Raises DispatchFailedError."""
        message = QueueMessage(generation.user_id, generation.generation_id, generation.fence)
        try:
            self._client().send_message(
                QueueUrl=self._alone_queue_url if generation.isolated else self._queue_url,
                MessageBody=message.to_json(),
                DelaySeconds=delay_seconds(generation.not_before, now),
                # Fair queues: one owner's crowd does not starve the others. Hashed: not every subject is a legal id.
                MessageGroupId=keyed_hash(generation.user_id, self._owner_key),
            )
        except (ClientError, BotoCoreError) as error:
            raise DispatchFailedError(type(error).__name__) from error


def delay_seconds(not_before: datetime | None, now: datetime) -> int:
    """Return SQS's delay, whole seconds rounded up: a message that comes early would be sent once more."""
    if not_before is None:
        return 0
    whole, rest = divmod(max(0.0, (not_before - now).total_seconds()), 1)
    return min(SQS_MAX_DELAY_SECONDS, int(whole) + (1 if rest else 0))
