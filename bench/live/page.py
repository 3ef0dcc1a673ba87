"""An owner with an open page, which listens to a plain WebSocket; and heads that change under it."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from local.stack import LocalStack

CHANGE_SECONDS = 0.025
TEXT = "The cell is the smallest unit of life. Robert Hooke named it in 1665. " * 20
STORY = {"kind": "story", "premise": "A lighthouse keeper finds a door in the sea.", "chapters": 3}
_PATIENCE_SECONDS = 60.0


@dataclass
class Page:
    """An owner with a page open: calls the API, and listens."""

    stack: LocalStack
    name: str = field(default_factory=lambda: f"owner-{uuid.uuid4()}")
    frames: list[tuple[float, dict[str, Any], int]] = field(default_factory=list)
    """When each came, in epoch seconds, what it was, and its bytes."""

    def __enter__(self) -> Self:
        headers = {"authorization": f"Bearer {self.stack.token(self.name)}"}
        self.http = httpx.Client(base_url=self.stack.api_url, headers=headers, timeout=60)
        url = self.http.post("/v1/live").raise_for_status().json()["url"]
        self._open = connect(url, proxy=None, open_timeout=60)
        self._socket = self._open.__enter__()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
        self.http.close()

    def _listen(self) -> None:
        try:
            for text in self._socket:
                self.frames.append(
                    (time.time(), json.loads(text), len(text.encode() if isinstance(text, str) else text))
                )
        except ConnectionClosed:
            return

    def create(self, seconds: float, **body: Any) -> str:
        asked = body or {"source_text": f"{TEXT} {uuid.uuid4()}"}
        answer = self.http.post("/v1/generations", json={"model": f"local/stream:{seconds:g}", **asked})
        return str(answer.raise_for_status().json()["generation_id"])

    def heard(self, generation_id: str, version: int = 0, *, end: bool = False) -> float:
        """Return when the first frame came that tells of this version, or of the end."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            for at, frame, _ in list(self.frames):
                head = frame.get("generation", {})
                told = head.get("generation_id") == generation_id and head["version"] >= version
                if told and (not end or "finished_at" in head):
                    return at
            time.sleep(0.001)
        raise TimeoutError(f"{generation_id} was not heard of")


def epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def write(stack: LocalStack, owner: str, generation_id: str) -> int:
    """Change a head, and return its version then."""
    answer = stack.client("dynamodb").update_item(
        TableName=stack.table_name,
        Key={"pk": {"S": owner}, "sk": {"S": f"G#{generation_id}"}},
        UpdateExpression="ADD version :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["version"]["N"])


@contextmanager
def changing(stack: LocalStack, page: Page, generation_id: str) -> Iterator[None]:
    """Change a head of a page that listens every 25 ms: `push` is never idle."""
    over = threading.Event()

    def change() -> None:
        while not over.wait(CHANGE_SECONDS):
            write(stack, page.name, generation_id)

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
