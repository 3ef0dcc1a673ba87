"""An owner who lives with faults: retries unanswered calls, as docs/http.md allows a client to, and forgets nothing.

Every poll is still compared with the previous one: see `tests.e2e.owner`.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from tests.canary import Secret
from tests.e2e.owner import Owner
from tests.soak.catalogue import Order
from tests.soak.plan import Send

GIVE_UP_SECONDS = 120.0
_AT_ONCE = threading.BoundedSemaphore(6)
"""The number of all owners' calls at a time. A machine that starts a process for each of dozens of waiting calls starts
none of them within the function's timeout. It kills them all for it, and never recovers."""


@dataclass
class Accepted:
    """One generation that was answered with 202, and all of its owner's actions since."""

    generation_id: str
    owner: str
    order: Order
    watched: bool
    secret: Secret | None
    accepted_at: float
    retry_of: str | None = None
    cancel_asked: bool = False
    canceled_before_end: bool = False
    to_be_retried: bool = False
    cancel_at: float | None = None
    ended: dict[str, Any] | None = None
    """The last look, once it has ended."""


@dataclass
class SoakOwner(Owner):
    """An owner whose calls are made one at a time, so that looks have an order."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    accepted: dict[str, Accepted] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By generation and step, the first figures that its timeline showed."""
    unanswered: int = 0
    """Calls that were sent again since no function's answer came."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # A soak on a busy machine may take longer than an hour.
        self.http.headers["authorization"] = f"Bearer {self.stack.token(self.name, ttl_seconds=24 * 3600)}"

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call, and call again for as long as no function answers, or one says that the table does not."""
        until, pause = time.monotonic() + GIVE_UP_SECONDS, 0.25
        while True:
            try:
                with _AT_ONCE:
                    answer = self.http.request(method, path, **options)
                # The gateway's own errors are not problem+json: the function's process died.
                if answer.status_code < 500 or answer.headers.get("content-type") == "application/problem+json":
                    assert answer.status_code != 500, f"{method} {path}: {answer.text}"
                    if answer.status_code != 503:
                        return answer
                said = f"{answer.status_code} {answer.text[:200]}"
            except httpx.TransportError as error:
                said = repr(error)
            self.unanswered += 1
            assert time.monotonic() < until, f"{method} {path} found no answer for {GIVE_UP_SECONDS:.0f} s: {said}"
            assert not self.stopped.wait(pause), "stopped"
            pause = min(2 * pause, 4.0)

    def look(self, generation_id: str) -> dict[str, Any]:
        with self.lock:
            answer = self.ask("GET", f"/v1/generations/{generation_id}")
            assert answer.status_code == 200, answer.text
            found = self._forward(answer.json())
            if found["status"] in ("succeeded", "failed", "canceled"):
                self.accepted[generation_id].ended = found
            return found

    def look_at_steps(self, generation_id: str) -> None:
        """Read the timeline: what was stored once must be there each time, and the same."""
        with self.lock:
            answer = self.ask("GET", f"/v1/generations/{generation_id}/events", params={"results": "true"})
            assert answer.status_code == 200, answer.text
            lines = [_without_addresses(line) for line in answer.json()["events"]]
            told = {line["step"]: line for line in lines if line["name"] == "step_stored"}
            for step, before in self.steps.get(generation_id, {}).items():
                assert told.get(step) == before, f"step {step} of {generation_id}: {before} became {told.get(step)}"
            self.steps[generation_id] = told

    def send(self, send: Send) -> Accepted:
        """Ask for a generation until it is accepted; the repeats, and the second of a pair, must get the same one."""
        secret = Secret() if send.own_key else None
        body = {"kind": send.order.kind, "model": send.order.model, **send.order.fields}
        body |= {"user_provided_key": secret.text} if secret else {}
        headers = {"idempotency-key": send.key}

        def post() -> str:
            answer = self.ask("POST", "/v1/generations", json=body, headers=headers)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["generation_id"])

        with ThreadPoolExecutor(2) as pool:
            ids = {sent.result() for sent in [pool.submit(post) for _ in range(2 if send.twice else 1)]}
        assert len(ids) == 1, f"one Idempotency-Key was answered with {ids}"
        return self._remember(Accepted(ids.pop(), self.name, send.order, send.watched, secret, time.time()), send)

    def _remember(self, accepted: Accepted, send: Send) -> Accepted:
        accepted.to_be_retried = send.retried
        if send.cancel_after is not None:
            accepted.cancel_at = time.monotonic() + send.cancel_after
        with self.lock:
            self.generations.append(accepted.generation_id)
            self.accepted[accepted.generation_id] = accepted
        return accepted

    def cancel_now(self, accepted: Accepted) -> None:
        with self.lock:
            accepted.cancel_at, accepted.cancel_asked = None, True
            answer = self.ask("POST", f"/v1/generations/{accepted.generation_id}/cancel")
            assert answer.status_code == 200, answer.text
            self._forward(answer.json())

    def retry(self, accepted: Accepted) -> Accepted | None:
        """Try again what failed or was canceled; None when its model is not there for it any more."""
        secret = Secret() if accepted.secret else None
        body = {"user_provided_key": secret.text} if secret else {}
        answer = self.ask("POST", f"/v1/generations/{accepted.generation_id}/retry", json=body)
        assert answer.status_code == 202, answer.text
        new = Accepted(
            str(answer.json()["generation_id"]),
            self.name,
            accepted.order,
            accepted.watched,
            secret,
            time.time(),
            retry_of=accepted.generation_id,
        )
        with self.lock:
            self.generations.append(new.generation_id)
            self.accepted[new.generation_id] = new
        return new


def _without_addresses(value: Any) -> Any:
    """Leave out the signed URLs of pictures, which each answer has its own."""
    if isinstance(value, list):
        return [_without_addresses(part) for part in value]
    if isinstance(value, dict):
        return {name: _without_addresses(part) for name, part in value.items() if name not in ("url", "expires_at")}
    return value


def patiently[Found](do: Callable[[], Found]) -> Found:
    """Do something that needs the emulator, and repeat it while the emulator restarts."""
    until = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return do()
        except (BotoCoreError, ClientError, OSError):
            if time.monotonic() > until:
                raise
        time.sleep(0.25)
