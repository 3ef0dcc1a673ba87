"""Records every call of the model server: the caller, the request, the end, whether it was paid for.

It never holds a key or a text, only their hashes.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a completion. Times are epoch seconds, `cost` is US dollars.

    `outcome` is None while the call is open. Then it is one of these:
    - `answered`: the model finished
    - `refused`: an HTTP error status
    - `error`: an error inside a 200
    - `cut`: the server closed the socket
    - `client_closed` or `server_stopped`

    `paid` means that the model produced content, whether or not the client got it. `bill_asks` counts the requests for
    the final bill; the first `late_bill` of them find none.
    """

    id: str
    received_at: float
    model: str
    key_fingerprint: str
    conversation: str
    user: str | None
    step: str | None
    generation: str | None
    attempt: str | None
    stream: bool
    prompt_tokens: int
    outcome: str | None = None
    status: int | None = None
    finish_reason: str | None = None
    paid: bool = False
    completion_tokens: int = 0
    cost: float = 0.0
    finished_at: float | None = None
    bill_asks: int = 0
    late_bill: int = 0


class Ledger:
    """All calls since the start or the last `clear`, in order of arrival; safe to use from any thread.

    With a path, each call is also appended there as two JSON lines, one at its start and one at its end.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._calls: dict[str, Call] = {}
        self._changed = threading.Condition()
        self._path = path

    @property
    def calls(self) -> list[Call]:
        with self._changed:
            return list(self._calls.values())

    def begin(self, call: Call) -> int:
        """Record the call; return how many calls for this model and conversation came before it."""
        with self._changed:
            earlier = sum(
                (old.model, old.conversation) == (call.model, call.conversation) for old in self._calls.values()
            )
            self._calls[call.id] = call
            self._append("begin", call)
            self._changed.notify_all()
            return earlier

    def finish(self, call_id: str, **changes: Any) -> None:
        """Record how the call ended. A call that has already ended, or was cleared, stays unchanged."""
        with self._changed:
            call = self._calls.get(call_id)
            if call is None or call.outcome is not None:
                return
            done = replace(call, finished_at=time.time(), **changes)
            self._calls[call_id] = done
            self._append("end", done)
            self._changed.notify_all()

    def find(self, call_id: str) -> Call | None:
        with self._changed:
            return self._calls.get(call_id)

    def ask_for_bill(self, call_id: str) -> Call | None:
        """Count the request for a bill; return the call if its bill is available by now."""
        with self._changed:
            call = self._calls.get(call_id)
            if call is None:
                return None
            self._calls[call_id] = asked = replace(call, bill_asks=call.bill_asks + 1)
            self._changed.notify_all()
            return asked if asked.paid and asked.bill_asks > asked.late_bill else None

    def clear(self) -> None:
        with self._changed:
            self._calls.clear()
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[list[Call]], bool], timeout_seconds: float = 30) -> list[Call]:
        """Wait until the calls meet the condition and return them; TimeoutError after the limit."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(list(self._calls.values())), timeout_seconds):
                raise TimeoutError(f"the ledger did not get there: {list(self._calls.values())}")
            return list(self._calls.values())

    def as_json(self) -> dict[str, Any]:
        return {"calls": [asdict(call) for call in self.calls]}

    def _append(self, event: str, call: Call) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"event": event, **asdict(call)}) + "\n")
