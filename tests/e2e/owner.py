"""An owner as the HTTP API knows one: submits, polls with a token, and insists that things only go forward."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from local.stack import LocalStack
from tests.e2e.contract import COMMITTED, Document, assert_described

TEXT = Path("examples/biology.txt").read_text(encoding="utf-8")
TERMINAL = ("succeeded", "failed", "canceled")
PATIENCE_SECONDS = 90.0


@dataclass
class Owner:
    """One user of the stack. Every look at a generation is checked against the one before."""

    stack: LocalStack
    name: str
    document: Document = COMMITTED
    """The document to check each answer against."""
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    generations: list[str] = field(default_factory=list)
    """Of this owner; `tests.e2e.soundness` judges every one of them when the test is over."""
    late_results: set[str] = field(default_factory=set)
    """Generations for which the test makes a late holder store a step while the next one's call is running."""
    repaired: set[str] = field(default_factory=set)
    """Generations whose model is asked a second time in one attempt and step, since its first answer does not fit."""

    def __post_init__(self) -> None:
        headers = {"authorization": f"Bearer {self.stack.token(self.name)}"}
        # Whatever a test is about, each answer that it gets is one that the OpenAPI document describes.
        hooks: Any = {"response": [partial(assert_described, document=self.document)]}
        self.http = httpx.Client(
            base_url=self.stack.api_url, headers=headers, timeout=PATIENCE_SECONDS, event_hooks=hooks
        )

    def submit(self, model: str = "local/cards", **fields: Any) -> str:
        """Send a generation and return its id."""
        answer = self.http.post("/v1/generations", json={"source_text": own_text(), "model": model, **fields})
        assert answer.status_code == 202, answer.text
        self.generations.append(str(answer.json()["generation_id"]))
        return self.generations[-1]

    def cancel(self, generation_id: str) -> dict[str, Any]:
        """Cancel, and check the answer as any other look."""
        answer = self.http.post(f"/v1/generations/{generation_id}/cancel")
        assert answer.status_code == 200, answer.text
        return self._forward(answer.json())

    def look(self, generation_id: str) -> dict[str, Any]:
        """Poll once. Neither version nor progress may have gone back, and no terminal status may have changed."""
        answer = self.http.get(f"/v1/generations/{generation_id}")
        assert answer.status_code == 200, answer.text
        return self._forward(answer.json())

    def _forward(self, found: dict[str, Any]) -> dict[str, Any]:
        generation_id = found["generation_id"]
        before = self.seen.get(generation_id)
        if before is not None:
            assert found["version"] >= before["version"], (before, found)
            assert found["progress"] >= before["progress"], (before, found)
            assert found["attempt"] >= before["attempt"], (before, found)
            if before["status"] in TERMINAL:
                assert found["status"] == before["status"], (before, found)
        self.seen[generation_id] = found
        return found

    def wait_for(self, generation_id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Poll until the view is as wanted."""
        return eventually(lambda: self.look(generation_id), wanted)

    def wait_for_end(self, generation_id: str) -> dict[str, Any]:
        return self.wait_for(generation_id, lambda found: found["status"] in TERMINAL)

    def close(self) -> None:
        self.http.close()


def own_text() -> str:
    """Return the text with a unique mark: the model server distinguishes conversations by their text."""
    return f"{TEXT}\n(Copy {uuid.uuid4()}.)"


def eventually[Found](look: Callable[[], Found], wanted: Callable[[Found], bool]) -> Found:
    """Look again and again until what is found is as wanted; after a generous while, fail with the last look."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if wanted(found):
            return found
        assert time.monotonic() < until, f"not within {PATIENCE_SECONDS} s: {found}"
        time.sleep(0.1)
