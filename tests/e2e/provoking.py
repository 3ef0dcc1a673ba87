"""Has a running stack answer each call with each error that the OpenAPI document and docs/http.md list for it.

Owns how each comes about: by a request, a state, a setting, a damaged item, or no way to DynamoDB. Checks nothing.
"""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
from websockets.sync.client import connect

from docs.openapi_operations import LIMITS, OPERATIONS
from functions.actions.handler import ROUTES as ACTIONS
from functions.create.handler import ROUTES as CREATE
from functions.live.handler import ROUTES as LIVE
from functions.status.handler import ROUTES as STATUS
from local.stack import LocalStack
from tests.e2e.faults import environment

NO_LIMITS = {"RateLimits": "*=10000/1", "MaxRunning": "0", "MaxDailySpendUsd": "0"}
"""The parameters of a stack for `errors_of`."""
_ABSENT = "01900000-0000-7000-8000-000000000000"
_NO_DYNAMODB = "http://127.0.0.1:9"  # the discard port: nothing listens
ROUTES_OF = {"create": CREATE, "status": STATUS, "actions": ACTIONS, "live": LIVE}
_FUNCTIONS = tuple(ROUTES_OF)
_SENTENCE = {"kind": "assistant", "sentence": "I want to run a marathon in spring"}
_BODIES: Mapping[str, Any] = {
    "createGeneration": _SENTENCE,
    "retryGeneration": {},
    "decideSuggestion": {"decision": "accepted"},
    "decideSuggestions": {"decisions": [{"number": 1, "decision": "accepted"}]},
    "editCard": {"front": "A question?"},
}
_GENERATION = "/v1/generations/{generation_id}"


class Errors:
    """Keeps the codes that each route has answered, in `seen`. `stack` has limits that these calls do not reach."""

    def __init__(self, stack: LocalStack, http: httpx.Client) -> None:
        self.seen: dict[str, set[str]] = {route: set() for route in OPERATIONS}
        self._stack, self._http = stack, http

    def ask(
        self,
        owner: str,
        route: str,
        body: Any = None,
        *,
        ids: Mapping[str, str] | None = None,
        key: str | None = None,
        query: str = "",
    ) -> httpx.Response:
        """Do one call, note its code if it is a problem, and return the answer."""
        method, path = route.split(" ")
        address = path.format(**{"generation_id": _ABSENT, "card_id": _ABSENT, "number": "1"} | dict(ids or {}))
        headers = {"authorization": f"Bearer {self._stack.token(owner)}", "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        answer = self._http.request(method, f"{address}{query}", content=content, headers=headers)
        if answer.headers.get("content-type") == "application/problem+json":
            self.seen[route].add(answer.json()["code"])
        return answer

    def create(self, owner: str, body: Mapping[str, Any], *, until: str = "finished_at") -> str:
        """Start a generation and wait until it has the field `until`; return its id."""
        generation_id = str(self.ask(owner, "POST /v1/generations", body).json()["generation_id"])
        while until not in self.ask(owner, f"GET {_GENERATION}", ids={"generation_id": generation_id}).json():
            time.sleep(0.05)
        return generation_id

    @contextmanager
    def settings(self, *functions: str, **variables: str) -> Iterator[None]:
        """Run functions with other settings for the length of the block."""
        with ExitStack() as changed:
            for function in functions:
                changed.enter_context(environment(self._stack, function, **variables))
            yield

    def damage(self, owner: str, *, heads: bool) -> None:
        """Make an owner's heads, or all other items, ones that no code has written."""
        table, client = self._stack.table_name, self._stack.client("dynamodb")
        own = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": owner}}}
        for item in client.query(TableName=table, **own)["Items"]:
            if item["sk"]["S"].startswith("G#") is heads:
                broken = {name: value if name in ("pk", "sk") else {"S": "?"} for name, value in item.items()}
                client.put_item(TableName=table, Item=broken)

    def expired(self) -> None:
        """Ask each function with the claims that `functions/authorizer` passes on of a token that has ended."""
        for function, routes in ROUTES_OF.items():
            for route in routes:
                if not OPERATIONS[route].with_token:
                    continue
                claims = {"lambda": {"sub": "gina", "exp": int(time.time()) - 60}}
                event = {
                    "routeKey": route,
                    "requestContext": {"requestId": "r-1", "authorizer": claims, "timeEpoch": int(time.time() * 1000)},
                    "pathParameters": {"generation_id": _ABSENT, "card_id": _ABSENT, "number": "1"},
                    "headers": {"content-type": "application/json"},
                    "body": json.dumps(_BODIES.get(OPERATIONS[route].name, {})),
                }
                self.seen[route].add(json.loads(self._stack.invoke(function, event)["body"])["code"])


def errors_of(stack: LocalStack) -> dict[str, set[str]]:
    """Return, for each route, the codes that it answered."""
    with httpx.Client(base_url=stack.api_url, timeout=60) as http:
        errors = Errors(stack, http)
        _of_the_request(errors)
        _of_the_state(errors)
        _of_the_limits(errors)
        _of_broken_things(errors)
        return errors.seen


def _of_the_request(errors: Errors) -> None:
    """Bad bodies, queries, subjects and ids."""
    made = errors.create("bob", {"source_text": "The cell is the unit of life. " * 40, "count": 1})
    _decide(errors, "bob", made)
    [card] = errors.ask("bob", "GET /v1/cards").json()["cards"]
    ids, accepted = {"generation_id": made, "card_id": card["card_id"]}, {"decision": "accepted"}
    for route, operation in OPERATIONS.items():
        errors.ask("x" * 200, route)
        errors.ask("nobody", route, _BODIES.get(operation.name), query="?unheard=of")
        errors.ask("nobody", route, _BODIES.get(operation.name))
        if operation.body is not None:
            for bad in (b"{", b'{"sentence": "\\ud800"}', {"unheard": "of"}, {"model": "x" * 300_000}):
                errors.ask("bob", route, bad, ids=ids)
    errors.ask("bob", f"PATCH {_GENERATION}/suggestions/{{number}}", accepted, ids=ids | {"number": "99"})
    errors.ask("bob", f"POST {_GENERATION}/suggestions", {"decisions": [{"number": 99, **accepted}]}, ids=ids)
    create = "POST /v1/generations"
    errors.ask("bob", create, _SENTENCE, key='"')
    errors.ask("bob", create, _SENTENCE, key="one")
    errors.ask("bob", create, {**_SENTENCE, "sentence": "Another one"}, key="one")
    with ExitStack() as connections:
        for _ in range(8):
            url = errors.ask("bob", "POST /v1/live").json()["url"]
            connections.enter_context(connect(url, proxy=None, open_timeout=60))
        errors.ask("bob", "POST /v1/live")


def _decide(errors: Errors, owner: str, generation_id: str) -> None:
    ids, accepted = {"generation_id": generation_id}, {"decision": "accepted"}
    errors.ask(owner, f"PATCH {_GENERATION}/suggestions/{{number}}", accepted, ids=ids)
    errors.ask(owner, f"POST {_GENERATION}/suggestions", {"decisions": [{"number": 1, **accepted}]}, ids=ids)


def _of_the_state(errors: Errors) -> None:
    """Generations that are open, ended, or have nothing to review."""
    made = errors.create("carol", _SENTENCE)
    _decide(errors, "carol", made)
    errors.ask("carol", f"POST {_GENERATION}/retry", {}, ids={"generation_id": made})
    with_key = {**_SENTENCE, "model": "local/stream:30", "user_provided_key": "sk-own-1234"}
    slow = errors.create("carol", with_key, until="kind")
    ids = {"generation_id": slow}
    errors.ask("carol", f"DELETE {_GENERATION}", ids=ids)
    errors.ask("carol", f"POST {_GENERATION}/cancel", ids=ids)
    _decide(errors, "carol", slow)
    errors.ask("carol", f"POST {_GENERATION}/retry", {}, ids=ids)


def _start(errors: Errors, owner: str, canceled: str) -> None:
    errors.ask(owner, "POST /v1/generations", _SENTENCE)
    errors.ask(owner, f"POST {_GENERATION}/retry", {}, ids={"generation_id": canceled})


def _of_the_limits(errors: Errors) -> None:
    """Each limit in turn, with settings under which it is reached."""
    reached = {
        "rate_limited": {"RATE_LIMITS": "*=1/300"},
        "too_many_running": {"MAX_RUNNING": "1"},
        "daily_spend_reached": {"MAX_DAILY_SPEND_USD": "0.000001"},
        "monthly_spend_reached": {"MAX_MONTHLY_SPEND_USD": "0.000001"},
        "deployment_spend_reached": {"MAX_DEPLOYMENT_DAILY_SPEND_USD": "0.000001"},
        "kind_disabled": {"ENABLED_KINDS": "story"},
        "creates_paused": {"ACCEPT_CREATES": "false"},
    }
    assert set(reached) == set(LIMITS), "a limit without a setting that reaches it"
    owner, open_one = "dave", {**_SENTENCE, "model": "local/stream:60"}
    canceled = errors.create(owner, open_one, until="kind")
    errors.ask(owner, f"POST {_GENERATION}/cancel", ids={"generation_id": canceled})
    with errors.settings("process", MAX_DEPLOYMENT_DAILY_SPEND_USD="1000"):  # the sum begins when the ceiling is set
        errors.create(owner, _SENTENCE)
    still = errors.create(owner, open_one, until="kind")
    for variables in reached.values():
        with errors.settings("create", "actions", **variables):
            _start(errors, owner, canceled)
    errors.ask(owner, f"POST {_GENERATION}/cancel", ids={"generation_id": still})


def _of_broken_things(errors: Errors) -> None:
    """Items that cannot be read, a token that has expired, no way to DynamoDB, and settings that are none."""
    for heads, owner in ((True, "erin"), (False, "fred")):
        made = errors.create(owner, {"source_text": "The cell is the unit of life. " * 40, "count": 1})
        _decide(errors, owner, made)
        [card] = errors.ask(owner, "GET /v1/cards").json()["cards"]
        errors.damage(owner, heads=heads)
        _ask_all(errors, owner, {"generation_id": made, "card_id": card["card_id"]})
    errors.expired()
    for variables in ({"AWS_ENDPOINT_URL_DYNAMODB": _NO_DYNAMODB}, {"LEASE_SECONDS": "soon"}):
        with errors.settings(*_FUNCTIONS, **variables):
            _ask_all(errors, "frank", {}, at_once=8)  # in any order, since nothing can be changed


def _ask_all(errors: Errors, owner: str, ids: Mapping[str, str], at_once: int = 1) -> None:
    """Do every call with a body that is good."""

    def ask(route: str) -> None:
        errors.ask(owner, route, _BODIES.get(OPERATIONS[route].name), ids=ids)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(ask, OPERATIONS))
