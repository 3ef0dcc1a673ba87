"""The queues' messages: what is in a queue, delayed and hidden ones too, and messages that only a test would send."""

import json
from typing import Any

from local import probes
from local.stack import LocalStack


def body(owner: str, generation_id: str, fence: int, version: int = 1) -> str:
    """Return the message that dispatch sends."""
    return json.dumps({"v": version, "user_id": owner, "generation_id": generation_id, "fence": fence})


def send(stack: LocalStack, text: str, queue_url: str | None = None) -> str:
    """Send a message unchanged and return its id."""
    answer = stack.client("sqs").send_message(QueueUrl=queue_url or stack.queue_url, MessageBody=text)
    return str(answer["MessageId"])


def in_queue(stack: LocalStack, queue_url: str, text: str) -> list[dict[str, Any]]:
    """Return the messages whose body holds `text`: waiting, delayed, or received and not acknowledged."""
    return [message for message in probes.queued_messages(stack.endpoint, queue_url) if text in message["Body"]]


def delay_seconds(message: dict[str, Any]) -> int:
    """Return how long after its sending a message that nobody received becomes visible; whole seconds, give or take."""
    assert message["ReceiveCount"] == 0, message
    return int(message["VisibleAt"]) - int(message["SentTimestamp"])
