"""The people outside: they create, poll, cancel and retry, and compare the answers with the promises made to
readers."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shared.kinds import load
from tests.simulation.kinds import SAGA
from tests.simulation.model import fitting
from tests.simulation.world import KINDS, World

REVIEW = "POST /v1/generations/{generation_id}/suggestions"
_TERMINAL = ("succeeded", "failed", "canceled")
_TRIES, _LOOKS = 8, 400
_OWN_KEY = "sk-of-the-owner-0123456789"
_ERASE_LOOKS = 100


def _smallest(kind: str) -> dict[str, Any]:
    known = SAGA if kind == SAGA.name else load(kind)
    found: dict[str, Any] = fitting(known.input.model_json_schema())
    return {"kind": kind, **found}


CONTENT = {kind: _smallest(kind) for kind in KINDS}
"""The smallest request that each kind takes."""


@dataclass
class Habits:
    """One owner's acts on one generation. Seconds after it was accepted; None for never."""

    kind: str = "flashcards"
    starts_at: float = 0.0
    looks_every: float | None = 5.0
    cancels_at: float | None = None
    retries: int = 0
    """How many requests for a retry are sent at once."""
    dismisses: bool = False
    asks_twice: bool = False
    reviews: bool = False
    brings_key: bool = False
    erases: bool = False


@dataclass
class Client:
    """One generation's owner, from the outside."""

    world: World
    owner: str
    habits: Habits
    key: str
    answers: Counter[str] = field(default_factory=Counter)
    seen: tuple[int, int] = (0, 0)

    def live(self) -> None:
        self._wait(self.habits.starts_at)
        generation_id = self._create()
        if generation_id is None:
            return
        Client(self.world, "stranger", self.habits, "").peep(generation_id)
        self._follow(generation_id)
        if self.habits.reviews:
            self._call("actions", REVIEW, generation_id, {"decisions": [{"number": 1, "decision": "accepted"}]})
        if self.habits.dismisses:
            self._call("actions", "DELETE /v1/generations/{generation_id}", generation_id)
        if self.habits.retries:
            for number in range(1, self.habits.retries):
                self.world.client(f"{self.key} again {number}", partial(self._retry_beside, generation_id))
            answer = self._retry(generation_id)
            if answer and answer["statusCode"] == 202:
                successor = json.loads(answer["body"])["generation_id"]
                self.seen = (0, 0)
                self._follow(successor)
        if self.habits.erases:
            self._erase()

    def _retry(self, generation_id: str) -> dict[str, Any] | None:
        body = {"user_provided_key": _OWN_KEY} if self.habits.brings_key else None
        return self._call("actions", "POST /v1/generations/{generation_id}/retry", generation_id, body)

    def _retry_beside(self, generation_id: str) -> None:
        self._retry(generation_id)

    def _erase(self) -> None:
        """Call until it is done: from then on, nothing of the owner's may exist, or come back."""
        self.world.invariants.accounts.erased.add(self.owner)
        for _ in range(_ERASE_LOOKS):
            answer = self._call("actions", "DELETE /v1/me", None)
            if answer and answer["statusCode"] == 200:
                self.world.invariants.accounts.done_erasing.add(self.owner)
                return
            self._wait(float(answer["headers"].get("retry-after", 5)) if answer else 5.0)

    def _wait(self, seconds: float) -> None:
        self.world.scheduler.wait(seconds)

    def _create(self) -> str | None:
        ids = set()
        asked = 0
        for _ in range(_TRIES):
            answer = self._call("create", "POST /v1/generations", None, self._request())
            if answer and answer["statusCode"] == 202:
                ids.add(json.loads(answer["body"])["generation_id"])
                asked += 1
                if not self.habits.asks_twice or asked == 2:
                    break
            elif answer and answer["statusCode"] < 500 and "unknown" not in answer["body"]:
                break
            self._wait(1 + 4 * self.world.random.random())
        if len(ids) > 1 and self.owner not in self.world.invariants.accounts.erased:
            self.world.fail("one_key_one_generation", f"{self.key} of {self.owner} made {sorted(ids)}")
        for generation_id in ids:
            self.world.invariants.accounts.promised(generation_id, self.owner)
            return str(generation_id)
        return None

    def _request(self) -> dict[str, Any]:
        key = {"user_provided_key": _OWN_KEY} if self.habits.brings_key else {}
        return CONTENT[self.habits.kind] | key

    def _follow(self, generation_id: str) -> None:
        habits, began = self.habits, self.world.scheduler.now
        canceled = habits.cancels_at is None
        for _ in range(_LOOKS):
            if not canceled and habits.cancels_at is not None and self.world.scheduler.now - began >= habits.cancels_at:
                self._call("actions", "POST /v1/generations/{generation_id}/cancel", generation_id)
                canceled = True
            if habits.looks_every is None:
                if canceled:
                    return
                self._wait(habits.cancels_at or 0.0)
                continue
            if self._look(generation_id):
                return
            self._wait(habits.looks_every * (0.5 + self.world.random.random()))

    def _look(self, generation_id: str) -> bool:
        """Look once; whether it has ended."""
        answer = self._call("status", "GET /v1/generations/{generation_id}", generation_id)
        if answer is None or answer["statusCode"] >= 500:
            return False
        if answer["statusCode"] == 404 and self.owner in self.world.invariants.accounts.erased:
            return True
        if answer["statusCode"] != 200:
            self.world.fail("invariant_9_own_generation_is_found", f"{answer['statusCode']} for {generation_id}")
        shown = json.loads(answer["body"])
        now = (shown["version"], shown["progress"])
        if now[0] < self.seen[0] or now[1] < self.seen[1]:
            self.world.fail("invariant_4_readers_see_no_step_back", f"{self.seen} and then {now} of {generation_id}")
        self.seen = now
        return shown["status"] in _TERMINAL

    def peep(self, generation_id: str) -> None:
        """Request another owner's generation."""
        answer = self._call("status", "GET /v1/generations/{generation_id}", generation_id)
        if answer is not None and answer["statusCode"] not in (404, 500, 503):
            self.world.fail("invariant_9_others_see_nothing", f"{answer['statusCode']} for {generation_id}")

    def _call(self, role: str, route: str, generation_id: str | None, body: Any = None) -> dict[str, Any] | None:
        event: dict[str, Any] = {
            "routeKey": route,
            "requestContext": {
                "requestId": f"r-{self.world.processes}",
                "authorizer": {"jwt": {"claims": {"sub": self.owner}}},
            },
            "headers": {"idempotency-key": self.key} if role == "create" else {},
        }
        if generation_id is not None:
            event["pathParameters"] = {"generation_id": generation_id}
        if body is not None:
            event["body"] = json.dumps(body)
        answer: dict[str, Any] | None = self.world.invoke(role, event)
        self.answers[f"{role} {answer['statusCode'] if answer else 'died'}"] += 1
        self.world.trace.note("answer", f"{role} {answer['statusCode'] if answer else 'died'}")
        return answer
