"""A service that answers from a test's script, on a clock that only pauses move."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from unstuck.errors import UnreachableError
from unstuck.exchange import Conditions
from unstuck.flow import SLEPT, Answer, Flow, Request, Sleep, Surroundings

ID = "01a20140-2fa4-720e-810c-30713d306ec7"
LOST = UnreachableError("cut off")
"""In a script: no answer comes."""


@dataclass
class Service:
    """Runs flows. `script` has the answers, in order; asking for more than that is a fault."""

    script: list[Answer | UnreachableError] = field(default_factory=list)
    chance: Callable[[], float] = lambda: 0.0
    time: float = 1_000.0
    call_seconds: float = 0.0
    """How long each call takes."""
    asked: list[Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def conditions(self, **given: Any) -> Conditions:
        around = Surroundings(monotonic=lambda: self.time, now=lambda: self.time, chance=self.chance)
        return Conditions(around=around, **given)

    def run[Result](self, flow: Flow[Result]) -> Result:
        try:
            command = next(flow)
            while True:
                answer = self._answer(command)
                command = flow.throw(answer) if isinstance(answer, UnreachableError) else flow.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _answer(self, command: Request | Sleep) -> Answer | UnreachableError:
        if isinstance(command, Sleep):
            self.slept.append(command.seconds)
            self.time += command.seconds
            return SLEPT
        self.asked.append(command)
        self.time += self.call_seconds
        assert self.script, f"a call too many: {command}"
        return self.script.pop(0)

    @property
    def headers(self) -> list[Mapping[str, str]]:
        return [request.headers for request in self.asked]


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    """Return an answer; `retry_after="2"` is its header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, b"" if body is None else json.dumps(body).encode())


def generation(status: str = "running", version: int = 2, **more: Any) -> dict[str, Any]:
    """Return a generation as the API shows one."""
    usage = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "wasted_cost_usd": 0.0}
    times = {"created_at": "2026-01-31T08:00:00.000Z", "deadline_at": "2026-01-31T08:15:00.000Z"}
    figures = {"version": version, "progress": 0, "steps_done": 0, "attempt": 1}
    return {"generation_id": ID, "kind": "flashcards", "status": status, **figures, **times, "usage": usage, **more}


def accepted(**headers: str) -> Answer:
    body = {"generation_id": ID, "status": "pending", "version": 1, "urls": {"self": f"/v1/generations/{ID}"}}
    return answer(202, body, **headers)


def problem(status: int, code: str, **headers: str) -> Answer:
    body = {"type": "about:blank", "title": "No.", "status": status, "code": code, "request_id": "r-1"}
    return answer(status, body, **headers)
