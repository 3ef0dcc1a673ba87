"""Owns the routes of the model server. behaviours.py defines a model's behaviour, answering.py its wording."""

import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote

from local.model_server.answering import Answering
from local.model_server.behaviours import BEHAVIOURS, make_plan
from local.model_server.conversation import BadRequestError, Conversation, read_conversation
from local.model_server.converse import ConverseAnswering, as_chat_completion
from local.model_server.ledger import Call, Ledger
from local.model_server.records import call_record, model_record
from local.model_server.serving import JsonHandler, LoopbackServer

_CONVERSE = ("/model/", "/converse-stream")
_HURRY = "/_hurry/"


class ModelServer(LoopbackServer):
    """A model API on loopback: `with ModelServer() as server:` then `server.base_url` and `server.ledger`."""

    def __init__(self, port: int = 0, ledger_path: Path | None = None) -> None:
        self.ledger = Ledger(ledger_path)
        self.hurried: set[str] = set()
        super().__init__(_Handler, port)

    @property
    def bedrock_url(self) -> str:
        """The endpoint of the same models for callers of Bedrock's ConverseStream."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def __enter__(self) -> Self:
        return self.start()


class _Handler(JsonHandler):
    server: ModelServer

    def complete(self, answering: type[Answering] = Answering) -> None:
        key = self._key()
        try:
            conversation = read_conversation(self.body)
        except BadRequestError as error:
            self.refuse(400, str(error))
            return
        call = self._begin_call(conversation, key)
        ledger = self.server.ledger
        earlier = ledger.begin(call)
        if not key or key.startswith("bad"):
            ledger.finish(call.id, outcome="refused", status=401)
            self.refuse(401, "User not found." if key else "No auth credentials found")
            return
        try:
            model, plan = make_plan(conversation, earlier)
        except BadRequestError as error:
            ledger.finish(call.id, outcome="refused", status=400)
            self.refuse(400, str(error))
            return
        answering(self, ledger, call, model, plan, conversation, self.server.hurried).run()

    def converse(self) -> None:
        """Bedrock's protocol: the model in the path, the caller in a signature, the answer as binary events."""
        model = unquote(self.path_only.removeprefix(_CONVERSE[0]).removesuffix(_CONVERSE[1]))
        self.body = as_chat_completion(model, self.body)
        self.complete(ConverseAnswering)

    def find_route(self) -> Callable[[Any], None] | None:
        begins, ends = _CONVERSE
        if self.command == "POST" and self.path_only.startswith(begins) and self.path_only.endswith(ends):
            return _Handler.converse
        if self.command == "POST" and self.path_only.startswith(_HURRY):
            return _Handler.hurry
        return super().find_route()

    def generation(self) -> None:
        """OpenRouter's own record of a call; 404 while it is open, as OpenRouter's is for a moment."""
        if not self._key():
            self.refuse(401, "No auth credentials found")
            return
        ids = parse_qs(self.query).get("id", [""])
        call = self.server.ledger.ask_for_bill(ids[0])
        if call is None or call.finished_at is None:
            self.refuse(404, "Generation not found")
        else:
            self.reply(200, {"data": call_record(call, call.finished_at)})

    def models(self) -> None:
        listed = [model_record(name, spec.description) for name, spec in BEHAVIOURS.items()]
        self.reply(200, {"data": listed, "total_count": len(listed), "links": {"next": None}})

    def read_ledger(self) -> None:
        self.reply(200, self.server.ledger.as_json())

    def clear_ledger(self) -> None:
        self.server.ledger.clear()
        self.reply(200, {"calls": []})

    def hurry(self) -> None:
        """Send the rest of a generation's content at once, and that of its later calls."""
        self.server.hurried.add(self.path_only.removeprefix(_HURRY))
        self.reply(200, {})

    def _key(self) -> str:
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        if scheme == "AWS4-HMAC-SHA256":
            return key.partition("Credential=")[2].partition("/")[0]
        return key.strip() if scheme.lower() == "bearer" else ""

    def _begin_call(self, conversation: Conversation, key: str) -> Call:
        return Call(
            id=f"gen-{int(time.time())}-{secrets.token_hex(10)}",
            received_at=time.time(),
            model=conversation.model,
            key_fingerprint=hashlib.sha256(key.encode()).hexdigest()[:8],
            conversation=conversation.fingerprint,
            user=conversation.user,
            step=self.headers.get("X-Unstuck-Step"),
            generation=self.headers.get("X-Unstuck-Generation"),
            attempt=self.headers.get("X-Unstuck-Attempt"),
            stream=conversation.stream,
            prompt_tokens=conversation.prompt_tokens,
        )

    routes = {  # noqa: RUF012 (never changed)
        "POST /api/v1/chat/completions": complete,
        "GET /api/v1/generation": generation,
        "GET /api/v1/models": models,
        "GET /_ledger": read_ledger,
        "DELETE /_ledger": clear_ledger,
    }
