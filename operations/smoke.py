"""`unstuck smoke`: tests a deployment as a user would, step by step. Creates two generations and dismisses both."""

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import boto3
import httpx

from operations.deployment import NotFoundError
from shared.aws import clients

_TEXT = Path(__file__).resolve().parents[1] / "examples" / "biology.txt"
_ENDED = ("succeeded", "failed", "canceled")
_SWEEP_AGE_SECONDS = 180
_UNKNOWN = "01940000-0000-7000-8000-000000000000"
PASSED, FAILED = 0, 1


class FailedError(Exception):
    """A step failed. The text says what happened, and what to check."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, whether it passed, what it saw, and how long it took."""

    name: str
    passed: bool
    seen: str
    seconds: float


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stack", help="the CloudFormation stack's name")
    command.add_argument("--region", help="the stack's region, if your AWS configuration has another")
    command.add_argument("--url", help="the API's address, if the stack's output ApiUrl is not reachable from here")
    command.add_argument("--token", help="a user's token; prefer UNSTUCK_TOKEN, which no process list shows")
    command.add_argument("--origin", help="an origin of AllowedOrigins, if no stack is named")
    command.add_argument("--model", help="a model that the deployment allows (default: the deployment's)")
    command.add_argument(
        "--patience-seconds", type=float, default=300.0, help="how many seconds to wait for an end (300)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    """Print each step as it finishes; return 1 if one failed. Raises NotFoundError, and botocore's errors."""
    url, origin = _deployment(given)
    token = given.token or os.environ.get("UNSTUCK_TOKEN")
    if not token:
        raise NotFoundError("the token is missing: set UNSTUCK_TOKEN to a user's token, or pass --token")
    loopback = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
    done: list[Step] = []
    with httpx.Client(timeout=35, trust_env=not loopback) as http:
        for step in Smoke(http, url, token, origin, given.model, given.patience_seconds).steps():
            done.append(step)
            if not given.json:
                print(f"{'ok    ' if step.passed else 'FAILED'}  {step.name:<48} {step.seen}", flush=True)
    if given.json:
        print(json.dumps({"url": url, "steps": [asdict(step) for step in done]}, indent=2))
    failed = [step for step in done if not step.passed]
    if failed:
        print(f"{len(failed)} of {len(done)} steps failed: see docs/first-deploy.md.", file=sys.stderr)
    return FAILED if failed else PASSED


def _deployment(given: argparse.Namespace) -> tuple[str, str | None]:
    """Return the API's address without a trailing slash, and an origin whose pages may call it."""
    url, origin = given.url, given.origin
    if given.stack:
        cloudformation = boto3.Session(region_name=given.region).client("cloudformation", config=clients.STANDARD)
        stack = cloudformation.describe_stacks(StackName=given.stack)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
        url = url or outputs.get("ApiUrl")
        origin = origin or parameters.get("AllowedOrigins", "").partition(",")[0]
    if not url:
        raise NotFoundError("the API's address is not known: pass --stack, or --url")
    return str(url).rstrip("/"), origin or None


class Smoke:
    """The steps for one deployment and one user. A step is skipped if it needs the result of a failed step."""

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        token: str,
        origin: str | None,
        model: str | None,
        patience_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http, self._url, self._origin, self._model = http, url, origin, model
        self._user = {"Authorization": f"Bearer {token}"}
        self._patience_seconds, self._sleep = patience_seconds, sleep
        self._key = str(uuid.uuid4())
        self._first: str | None = None
        self._second: str | None = None
        self._location = ""

    def steps(self) -> Iterator[Step]:
        yield self._step("health: the sweeper runs", self._health)
        yield self._step("calls without a token are refused", self._no_token)
        if self._origin:
            yield self._step("a page of an allowed origin may call", self._preflight)
        yield self._step("a create is accepted", self._create)
        if self._first:
            yield self._step("the same key starts no second generation", self._repeat)
            yield self._step("its Location works, and it succeeds", self._follow)
        yield self._step("a second generation is canceled", self._cancel)
        if self._first:
            yield self._step("the list has both", self._list)
            yield self._step("its timeline has its events", self._events)
            yield self._step("its cost is counted", self._usage)
        made = [each for each in (self._first, self._second) if each]
        if made:
            yield self._step("both are dismissed", lambda: self._dismiss(made))

    def _step(self, name: str, look: Callable[[], str]) -> Step:
        began = time.monotonic()
        try:
            passed, seen = True, look()
        except FailedError as failure:
            passed, seen = False, str(failure)
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            # No response, or not this API's: a proxy's page, another service.
            passed, seen = False, f"no response of this API: {type(error).__name__}: {error}"
        return Step(name, passed, seen, round(time.monotonic() - began, 2))

    def _ask(self, status: int, method: str, path: str, user: bool = True, **more: Any) -> httpx.Response:
        headers = {**(self._user if user else {}), **more.pop("headers", {})}
        url = path if "://" in path else self._url + path
        answer = self._http.request(method, url, headers=headers, **more)
        if answer.status_code != status:
            said = " ".join(answer.text.split())[:200]
            raise FailedError(f"{method} {path} -> {answer.status_code}, not {status}: {said}")
        return answer

    def _health(self) -> str:
        give_up = time.monotonic() + self._patience_seconds
        while True:
            found = self._ask(200, "GET", "/v1/health", user=False).json()
            age = found["last_sweep_age_seconds"]
            if age is not None and age < _SWEEP_AGE_SECONDS:
                missing = "; no spending limit holds: set ModelPrices" if found.get("model_prices_missing") else ""
                return f"it ran {age} s ago and rescued {found['stale']}{missing}"
            if time.monotonic() > give_up:
                raise FailedError(
                    f"its last run was {'never' if age is None else f'{age} s ago'}: see its log and schedule"
                )
            self._sleep(5)

    def _no_token(self) -> str:
        answer = self._ask(401, "GET", f"/v1/generations/{_UNKNOWN}", user=False)
        return f"{answer.status_code}"

    def _preflight(self) -> str:
        asks = {"Origin": str(self._origin), "Access-Control-Request-Method": "POST"}
        asks["Access-Control-Request-Headers"] = "authorization,content-type,idempotency-key"
        answer = self._ask(204, "OPTIONS", "/v1/generations", user=False, headers=asks)
        allowed = answer.headers.get("access-control-allow-origin")
        if allowed != self._origin:
            raise FailedError(f"it allows {allowed}, not {self._origin}: check AllowedOrigins")
        exposed = {each.strip().lower() for each in answer.headers.get("access-control-expose-headers", "").split(",")}
        if exposed != {""} and not {"location", "retry-after"} <= exposed:
            raise FailedError(f"pages cannot read Location and Retry-After, only {', '.join(sorted(exposed))}")
        return f"{self._origin}"

    def _created(self, key: str) -> httpx.Response:
        body = {"source_text": _TEXT.read_text(encoding="utf-8"), **({"model": self._model} if self._model else {})}
        return self._ask(202, "POST", "/v1/generations", json=body, headers={"Idempotency-Key": key})

    def _create(self) -> str:
        answer = self._created(self._key)
        self._first, location = str(answer.json()["generation_id"]), answer.headers.get("location", "")
        self._location = urljoin(str(answer.url), location)
        return f"202 after {answer.elapsed.total_seconds():.2f} s, Location {location}"

    def _repeat(self) -> str:
        again = self._created(self._key)
        found = again.json()["generation_id"]
        if found != self._first:
            raise FailedError(f"it started {found} in addition to {self._first}")
        return f"Idempotency-Replayed: {again.headers.get('idempotency-replayed', 'absent')}"

    def _follow(self) -> str:
        began, progress = time.monotonic(), -1
        while True:
            answer = self._ask(200, "GET", self._location)
            found = answer.json()
            if found["generation_id"] != self._first:
                raise FailedError(f"{self._location} shows {found['generation_id']}")
            if found["progress"] < progress:
                raise FailedError(f"its progress fell from {progress} to {found['progress']}")
            progress, took = found["progress"], time.monotonic() - began
            if found["status"] in _ENDED:
                break
            if took > self._patience_seconds:
                raise FailedError(f"it is {found['status']} after {took:.0f} s: see docs/runbooks/queue-age.md")
            self._sleep(float(answer.headers.get("retry-after", "1")))
        if found["status"] != "succeeded":
            error = found.get("error", {})
            raise FailedError(f"{found['status']}: {error.get('code')}: {error.get('message')} (docs/errors.md)")
        return f"succeeded after {took:.1f} s, attempt {found['attempt']}, {found['usage']['cost_usd']} USD"

    def _cancel(self) -> str:
        self._second = str(self._created(str(uuid.uuid4())).json()["generation_id"])
        found = self._ask(200, "POST", f"/v1/generations/{self._second}/cancel").json()
        if found["status"] not in _ENDED:
            raise FailedError(f"it is {found['status']} after a cancel")
        return str(found["status"])

    def _list(self) -> str:
        listed = self._ask(200, "GET", "/v1/generations").json()["generations"]
        missing = {each for each in (self._first, self._second) if each} - {each["generation_id"] for each in listed}
        if missing:
            raise FailedError(f"it lacks {', '.join(sorted(missing))}")
        return f"{len(listed)} on its first page"

    def _events(self) -> str:
        events = [
            each["name"] for each in self._ask(200, "GET", f"/v1/generations/{self._first}/events").json()["events"]
        ]
        return " ".join(dict.fromkeys(events))

    def _usage(self) -> str:
        total = self._ask(200, "GET", "/v1/usage").json()["total"]
        if total["generations"] < 1:
            raise FailedError("it counts no generation this month")
        return f"{total['generations']} this month, {total['calls']} calls, {total['cost_usd']} USD"

    def _dismiss(self, made: list[str]) -> str:
        for generation_id in made:
            self._ask(204, "DELETE", f"/v1/generations/{generation_id}")
        return f"{len(made)}"
