"""Makes docs/http_examples.json: a real request and answer of each call.

Run it as `.venv/bin/python -m docs.record_http` when an answer's form changes. It starts a local stack, and takes half
a minute. Stable ids, times, tokens and addresses replace the real ones.
"""

import json
from pathlib import Path
from typing import Any

import httpx

from docs.stable_examples import Stable
from local.stack import LocalStack, StackOptions

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "http_examples.json"
TEXT = (ROOT / "examples" / "biology.txt").read_text(encoding="utf-8")[:1200].rpartition(".")[0] + "."
_GENERATION = "/v1/generations/{generation_id}"
_HEADERS = {"content-type", "cache-control", "etag", "location", "retry-after", "ratelimit", "ratelimit-policy"}
_PATIENCE_SECONDS = 60.0
Json = dict[str, Any]


class Recorder:
    """One owner's calls. `call` makes one and keeps it as the example of its route."""

    def __init__(self, stack: LocalStack) -> None:
        self.examples: dict[str, Json] = {}
        token = {"authorization": f"Bearer {stack.token('alice')}"}
        self.http = httpx.Client(base_url=stack.api_url, headers=token, timeout=_PATIENCE_SECONDS)

    def call(self, route: str, /, body: Any = None, *, query: str = "", key: str | None = None, **path: Any) -> Json:
        """Make one call, keep it, and return the answer's body. Raises RuntimeError if the answer is an error."""
        method, template = route.split(" ")
        address = template.format(**path) + (f"?{query}" if query else "")
        sent = {} if key is None else {"idempotency-key": f'"{key}"'}
        answer = self.http.request(method, address, json=body, headers=sent)
        if answer.is_error:
            raise RuntimeError(f"{route} answered {answer.status_code}: {answer.text}")
        read: Json = answer.json() if answer.content else {}
        request = {"target": address, "headers": sent, "body": body}
        headers = {name: value for name, value in answer.headers.items() if name in _HEADERS}
        shown = {"status": answer.status_code, "headers": headers, "body": read or None}
        self.examples[route] = {"request": request, "response": shown}
        return read

    def wait(self, generation_id: str) -> None:
        """Poll until the generation has ended."""
        while "finished_at" not in self.http.get(f"/v1/generations/{generation_id}").json():
            pass


def record(recorder: Recorder) -> None:
    """Make every call once, in the order of a plausible day of a user."""
    call, create = recorder.call, "POST /v1/generations"
    call("GET /v1/health")
    document = call("GET /v1/openapi.json")
    shortened = {name: document[name] for name in ("openapi", "info")}
    recorder.examples["GET /v1/openapi.json"]["response"]["body"] = shortened | {"paths": {}}
    call("POST /v1/live")

    slow = call(create, {"source_text": TEXT, "model": "local/stream:30"})["generation_id"]
    call(f"POST {_GENERATION}/cancel", generation_id=slow)
    again = call(f"POST {_GENERATION}/retry", {"from": "start"}, generation_id=slow)["generation_id"]
    call(f"DELETE {_GENERATION}", generation_id=slow)
    recorder.http.post(f"/v1/generations/{again}/cancel").raise_for_status()

    body = {"source_text": TEXT, "count": 3, "session_id": "lesson-4"}
    made = call(create, body, key="8e03978e-40d5-43dd-bc93-6894a57f9324")["generation_id"]
    recorder.wait(made)
    call(f"GET {_GENERATION}/events", generation_id=made)
    call(f"GET {_GENERATION}/input", generation_id=made)
    edited = {"decision": "accepted", "back": "The smallest unit of life."}
    call(f"PATCH {_GENERATION}/suggestions/{{number}}", edited, generation_id=made, number=1)
    decisions = [{"number": 2, "decision": "accepted"}, {"number": 3, "decision": "rejected"}]
    call(f"POST {_GENERATION}/suggestions", {"decisions": decisions}, generation_id=made)
    call(f"GET {_GENERATION}", generation_id=made)
    call("GET /v1/generations", query="session_id=lesson-4&limit=1")

    card = call("GET /v1/cards", query="session_id=lesson-4")["cards"][0]["card_id"]
    call("GET /v1/cards/{card_id}", card_id=card)
    call("PATCH /v1/cards/{card_id}", {"back": "In my own words."}, card_id=card)
    call("DELETE /v1/cards/{card_id}", card_id=card)
    call("GET /v1/usage")
    call("DELETE /v1/me")


def main() -> None:
    """Record every call, and write the file."""
    with LocalStack(StackOptions()) as stack:
        recorder = Recorder(stack)
        live = stack.live_stage.replace("http", "ws", 1)
        stable = Stable({stack.api_url: "https://api.example.com", live: "wss://live.example.com/live"})
        record(recorder)
    FILE.write_text(json.dumps(stable.of(recorder.examples), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{FILE.relative_to(ROOT)}: {len(recorder.examples)} calls")


if __name__ == "__main__":
    main()
