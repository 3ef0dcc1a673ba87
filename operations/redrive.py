"""Requeues dead letters one by one, after checking each one's generation. Changes no head.

SQS's own redrive (StartMessageMoveTask) moves them unchecked: also those of ended generations, and those of isolated
generations to the batched queue.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from shared.aws.dispatch import Dispatch, DispatchFailedError, QueueMessage
from shared.domain.clock import Clock
from shared.domain.errors import MessageRefusedError
from shared.domain.generation import SCHEMA_VERSION, Generation
from shared.domain.states import Status
from shared.store.damage import DAMAGED, named
from shared.store.whole import Store

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_HIDDEN_SECONDS = 300
_WAIT_SECONDS = 2  # a long poll asks every server of the queue; a short one may miss messages


class RedriveOutcome(StrEnum):
    """The outcome of a dead letter."""

    SENT = "sent"
    DROPPED = "dropped"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter and its outcome. `head` is the generation to dispatch."""

    message_id: str
    outcome: RedriveOutcome
    reason: str
    generation_id: str = ""
    head: Generation | None = None


@dataclass(frozen=True, slots=True)
class Redrive:
    """An interruption loses nothing: a message is deleted only after it was sent again, and a message that is sent
    twice is claimed once."""

    store: Store
    dispatch: Dispatch
    clock: Clock
    sqs: "SQSClient"
    dead_letter_queue_url: str
    kinds: Collection[str]

    def run(self, *, act: bool, limit: int | None = None, wait_seconds: int = _WAIT_SECONDS) -> Iterator[Letter]:
        """Yield each dead letter with its outcome, after it is handled. With `act` False, nothing changes.

        The remaining messages are hidden from other receivers until the end, for at most 5 minutes after they were
        read. Raises StoreUnavailableError and botocore's errors; undecided messages then stay in the queue.
        """
        hidden = dict[str, str]()
        try:
            for message in self._messages(hidden, limit, wait_seconds):
                letter = self._judge(message["MessageId"], message["Body"])
                if act:
                    letter = self._send(letter)
                    if letter.outcome is not RedriveOutcome.LEFT:
                        handle = hidden[message["MessageId"]]
                        self.sqs.delete_message(QueueUrl=self.dead_letter_queue_url, ReceiptHandle=handle)
                        del hidden[message["MessageId"]]
                yield letter
        finally:
            for handle in hidden.values():
                self._show(handle)

    def _messages(self, hidden: dict[str, str], limit: int | None, wait_seconds: int) -> Iterator[Any]:
        """Yield the messages. `hidden` gets the id and receipt of each received message, checked or not."""
        seen = set[str]()
        while limit is None or len(seen) < limit:
            wanted = 10 if limit is None else min(10, limit - len(seen))
            answer = self.sqs.receive_message(
                QueueUrl=self.dead_letter_queue_url,
                MaxNumberOfMessages=wanted,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=wait_seconds,
            )
            hidden |= {message["MessageId"]: message["ReceiptHandle"] for message in answer.get("Messages", [])}
            fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
            if not fresh:
                return  # the queue is empty, or the remaining messages came round again
            seen |= {message["MessageId"] for message in fresh}
            yield from fresh

    def _judge(self, message_id: str, body: str) -> Letter:
        try:
            message = QueueMessage.from_json(body)
        except MessageRefusedError as refused:
            return Letter(message_id, RedriveOutcome.LEFT, str(refused))
        try:
            head = self.store.reads.get(message.called.key)
        except DAMAGED as error:
            return Letter(message_id, RedriveOutcome.LEFT, f"its head cannot be read: {named(error)}")
        outcome, reason = self._outcome(message, head)
        return Letter(message_id, outcome, reason, message.generation_id, head)

    def _outcome(self, message: QueueMessage, head: Generation | None) -> tuple[RedriveOutcome, str]:
        if head is None:
            return RedriveOutcome.DROPPED, "its generation is missing"
        if head.fence < message.fence:
            return RedriveOutcome.LEFT, "its generation is older than the message: was the table restored?"
        unknown = not head.status.known or head.kind not in self.kinds
        if not head.terminal and (unknown or head.schema_version > SCHEMA_VERSION):
            return RedriveOutcome.LEFT, "this code does not know its generation's kind or version"
        if head.fence > message.fence or head.status is not Status.PENDING:
            how = "ended" if head.terminal else "moved on"
            return RedriveOutcome.DROPPED, f"its generation has {how}: {head.status}"
        if self.clock.now() >= head.deadline_at:
            return RedriveOutcome.DROPPED, "its generation is past its deadline, so the sweeper fails it"
        return RedriveOutcome.SENT, "its generation waits for this message"

    def _send(self, letter: Letter) -> Letter:
        if letter.outcome is not RedriveOutcome.SENT or letter.head is None:
            return letter
        try:
            self.dispatch.send(letter.head, self.clock.now())
        except DispatchFailedError as failed:
            return Letter(
                letter.message_id, RedriveOutcome.LEFT, f"the queue did not accept it: {failed}", letter.generation_id
            )
        return letter

    def _show(self, handle: str) -> None:
        with suppress(ClientError):  # it becomes visible after its 5 minutes, or already is
            self.sqs.change_message_visibility(
                QueueUrl=self.dead_letter_queue_url, ReceiptHandle=handle, VisibilityTimeout=0
            )


def same_queue(one: str, other: str) -> bool:
    """Whether two URLs name the same queue: compares account and name, not the host."""
    return one.rstrip("/").split("/")[-2:] == other.rstrip("/").split("/")[-2:]


def hidden(sqs: "SQSClient", queue_url: str) -> int:
    """Return the approximate number of messages in flight, as SQS counts."""
    name: Literal["ApproximateNumberOfMessagesNotVisible"] = "ApproximateNumberOfMessagesNotVisible"
    return int(sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])["Attributes"][name])


def counted(sqs: "SQSClient", queue_url: str) -> int:
    """Return the approximate number of messages in a queue, including those in flight."""
    found = sqs.get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])
