"""Faults for a running stack: kill the worker, freeze it, lose the message. Never deployed.

Acts from outside: it reads heads and messages behind the API's back, and must not import a function's code. It finds
workers through /proc, so killing and freezing need Linux; losing a message works everywhere.
"""

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local import probes
from local.processes import environments
from local.running import RunningStack

MAX_FREEZE_SECONDS = 60.0
ARMED_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_deserialize = TypeDeserializer().deserialize


class NobodyHoldsItError(Exception):
    """No worker of this stack holds the generation: it waits, has ended, or does not exist."""


class AlreadyArmedError(Exception):
    """Another fault already waits for the next message."""


def read_head(stack: RunningStack, owner: str, generation_id: str) -> dict[str, Any] | None:
    """The head in the table, read strongly; None if there is none."""
    key = {"pk": {"S": owner}, "sk": {"S": f"G#{generation_id}"}}
    item = stack.client("dynamodb").get_item(TableName=stack.table_name, Key=key, ConsistentRead=True).get("Item")
    return None if item is None else {name: _deserialize(value) for name, value in item.items()}


def open_generations(stack: RunningStack) -> Iterator[tuple[str, str]]:
    """Owner and id of every generation that is pending or running."""
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.table_name, IndexName="due")
    for page in pages:
        for item in page["Items"]:
            yield item["pk"]["S"], item["sk"]["S"].removeprefix("G#")


def holding_process(stack: RunningStack, owner: str, generation_id: str) -> int | None:
    """The process that holds a running generation. The holder's name contains the end of its log stream's name."""
    found = read_head(stack, owner, generation_id) or {}
    stream_end = str(found.get("holder", "")).partition("-")[0]
    if found.get("status") != "running" or not stream_end:
        return None
    for pid, environment in environments():
        ours = environment.get("TMPDIR") == str(stack.tmpdir)
        if ours and environment.get("AWS_LAMBDA_LOG_STREAM_NAME", "").endswith(stream_end):
            return pid
    return None


@contextmanager
def no_delivery(stack: RunningStack, *queue_urls: str) -> Iterator[None]:
    """Keep messages from the worker during the block: those of the named queues, or of all."""
    names = tuple(f":{url.rpartition('/')[2]}" for url in queue_urls) or ("",)
    functions = stack.client("lambda")
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    arns = {source["UUID"]: source["EventSourceArn"] for source in sources}
    held = [source for source, arn in arns.items() if ":sqs:" in arn and arn.endswith(names)]
    for source in held:
        functions.update_event_source_mapping(UUID=source, Enabled=False)
    try:
        yield
    finally:
        for source in held:
            functions.update_event_source_mapping(UUID=source, Enabled=True)


def try_to_take_message(stack: RunningStack, generation_id: str, queue_url: str) -> dict[str, Any] | None:
    """Receive and delete the generation's message, as if the queue had lost it. Returns its body, or None if it is not
    there."""
    sqs = stack.client("sqs")
    # Other messages stay visible to the next receiver.
    received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    for message in received.get("Messages", []):
        body: dict[str, Any] = json.loads(message["Body"])
        if body["generation_id"] == generation_id:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            return body
    return None


@dataclass
class Faults:
    """The faults of one stack, one of each kind at a time. `close` undoes the active ones."""

    stack: RunningStack
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thaws: dict[int, tuple[threading.Timer, datetime]] = field(default_factory=dict)
    _losing: threading.Thread | None = None
    _armed: dict[str, str | None] | None = None
    _lost: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    _closed: threading.Event = field(default_factory=threading.Event)

    def names(self) -> list[str]:
        """The faults that this machine can produce."""
        return ["kill", "freeze", "lose"] if sys.platform == "linux" else ["lose"]

    def look(self) -> dict[str, Any]:
        """The open generations, the workers, their work, and the active faults."""
        held: dict[int, list[str]] = {}
        for owner, generation_id in open_generations(self.stack):
            if (pid := holding_process(self.stack, owner, generation_id)) is not None:
                held.setdefault(pid, []).append(generation_id)
        with self._lock:
            frozen = {pid: until for pid, (_timer, until) in self._thaws.items()}
            armed, lost = self._armed, list(self._lost)
        workers = [
            {"pid": pid, "generation_ids": held.get(pid, []), "frozen_until": _iso(frozen.get(pid))}
            for pid in self.stack.worker_pids("process")
        ]
        return {"faults": self.names(), "workers": workers, "losing": armed, "lost": lost}

    def kill(self, generation_id: str) -> int:
        """Kill the worker that holds the generation, without a warning. Returns its pid."""
        pid = self._holder_of(generation_id)
        _signal(pid, signal.SIGKILL, generation_id)
        self._thaw(pid)  # there is nothing left to wake
        return pid

    def freeze(self, generation_id: str, seconds: float) -> tuple[int, datetime]:
        """Stop the worker that holds the generation, like a pause of the machine. It continues by itself."""
        pid = self._holder_of(generation_id)
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        timer = threading.Timer(seconds, self._thaw, (pid,))
        timer.daemon = True
        with self._lock:
            if (before := self._thaws.pop(pid, None)) is not None:
                before[0].cancel()
            _signal(pid, signal.SIGSTOP, generation_id)
            self._thaws[pid] = timer, until
            timer.start()
        return pid, until

    def lose(self, sub: str | None = None) -> datetime:
        """Lose the message of the next generation, of this user or of anybody, if one comes in time.

        Until then nothing new is delivered; delivered messages continue. Returns when the wait ends.
        """
        until = datetime.now(UTC) + timedelta(seconds=ARMED_SECONDS)
        ready = threading.Event()
        with self._lock:
            if self._losing is not None and self._losing.is_alive():
                raise AlreadyArmedError
            self._armed = {"sub": sub, "until": _iso(until)}
            self._losing = threading.Thread(target=self._lose_next, args=(sub, ready), name="lose")
            self._losing.start()
        ready.wait(10)
        return until

    def close(self) -> None:
        """Continue frozen processes, and deliver messages again."""
        self._closed.set()
        for pid in list(self._thaws):
            self._thaw(pid)
        if self._losing is not None:
            self._losing.join()

    def _holder_of(self, generation_id: str) -> int:
        for owner, found in open_generations(self.stack):
            if found == generation_id and (pid := holding_process(self.stack, owner, found)) is not None:
                return pid
        raise NobodyHoldsItError(generation_id)

    def _thaw(self, pid: int) -> None:
        with self._lock:
            timer, _until = self._thaws.pop(pid, (None, None))
            if timer is not None:
                timer.cancel()
                _signal(pid, signal.SIGCONT)

    def _lose_next(self, sub: str | None, ready: threading.Event) -> None:
        stack, give_up = self.stack, time.monotonic() + ARMED_SECONDS
        try:
            with no_delivery(stack, stack.queue_url):
                ready.set()
                while not self._closed.wait(_LOOK_SECONDS) and time.monotonic() < give_up:
                    if (generation_id := self._next_message(sub)) is not None:
                        if try_to_take_message(stack, generation_id, stack.queue_url) is not None:
                            self._lost.append(generation_id)
                        return
        finally:
            with self._lock:
                self._armed = None

    def _next_message(self, sub: str | None) -> str | None:
        """Look without receiving: a message that is received too often goes to the dead letter queue."""
        for message in probes.queued_messages(self.stack.endpoint, self.stack.queue_url):
            body = json.loads(message["Body"])
            if message["ReceiveCount"] == 0 and sub in (None, body.get("user_id")):
                return str(body["generation_id"])
        return None


def _signal(pid: int, number: int, generation_id: str = "") -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        if generation_id:
            raise NobodyHoldsItError(generation_id) from None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
