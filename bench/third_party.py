"""The worker's client and prompts against servers of others, by hand: `python -m bench.third_party [NAME ...]`.

llama.cpp comes from .venv-smollm2; fakellm and the LiteLLM proxy from .venv-bench, where you install them yourself.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpx

from bench.report import PROJECT
from functions.process import conversation
from functions.process.provider import Cancellation, ModelRequest, Provider
from local import llama
from local.model_server import ModelServer
from shared.domain.errors import GenerationError
from shared.kinds import load
from shared.kinds.contract import Prompt

BIN = Path(os.environ.get("THIRD_PARTY_BIN", PROJECT / ".venv-bench" / "bin"))
TEXT = (PROJECT / "examples" / "biology.txt").read_text(encoding="utf-8")[:1_500]
GIVEN: dict[str, dict[str, Any]] = {
    "flashcards": {"source_text": TEXT, "count": 3},
    "story": {"premise": "A lighthouse keeper finds a letter in a bottle.", "chapters": 1},
    "assistant": {"sentence": "I want to run ten kilometres by the summer."},
}
SECONDS = 240.0
KEY = "sk-bench-0123456789abcdef0123456789abcdef"


class Place(NamedTuple):
    """Where a server is, what to ask there, and how."""

    url: str
    model: str
    protocol: str = "compatible"


class NoAnswerError(Exception):
    """The server did not come up."""


class Asking:
    """A kind's `ctx` without a store: each step is made, each call is sent, and one repair is asked for."""

    prompt_version = "1"

    def __init__(self, provider: Provider, model: str) -> None:
        self._provider, self._model = provider, model
        self.calls = 0

    def step(self, _name: str, _result: Any, make: Callable[[], Any], *, progress: int) -> Any:  # noqa: ARG002
        return make()

    def progress(self, _percent: int, _stage: str | None = None) -> None:
        """Nobody looks."""

    def call(self, prompt: Prompt, result: Any) -> Any:
        messages = conversation.of(prompt, result)
        text = self._complete(prompt, messages, result)
        try:
            return conversation.read(prompt, text, result)
        except GenerationError as invalid:
            messages += conversation.repair(prompt, text, invalid, result)  # type: ignore[arg-type]  # it is the output's fault
        return conversation.read(prompt, self._complete(prompt, messages, result), result)

    def _complete(self, prompt: Prompt, messages: Any, result: Any) -> str:
        self.calls += 1
        schema = result.model_json_schema()
        request = ModelRequest(self._model, messages, prompt.schema_name, schema, 1_500, "bench")
        completion = self._provider.complete(
            request,
            api_key=KEY,
            deadline=time.monotonic() + SECONDS,
            may_send=lambda: None,
            cancellation=Cancellation(),
            on_text=lambda _characters: None,
        )
        return completion.text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(argv: list[str], folder: Path, ready: str) -> Iterator[None]:
    """Run a server until `ready` answers, and end it after."""
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait(process, ready, log)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", ready: str, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(ready).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise NoAnswerError(log.read_text(errors="replace")[-2_000:])


@contextmanager
def llama_cpp() -> Iterator[Place]:
    with llama.LlamaServer() as server:
        yield Place(server.url, llama.NAME, "llamacpp")


@contextmanager
def litellm() -> Iterator[Place]:
    """The proxy before this project's own model server: what is tried is what the proxy makes of both sides."""
    port = free_port()
    with TemporaryDirectory() as name, ModelServer() as server:
        model = {"model": "openai/local/cards", "api_base": server.base_url, "api_key": KEY}
        config: dict[str, Any] = {
            "general_settings": {"master_key": KEY},
            "model_list": [{"model_name": "local/cards", "litellm_params": model}],
        }
        (Path(name) / "config.yaml").write_text(json.dumps(config))
        argv = [str(BIN / "litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
        with running(argv, Path(name), f"http://127.0.0.1:{port}/health/liveliness"):
            yield Place(f"http://127.0.0.1:{port}/v1", "local/cards")


@contextmanager
def fakellm() -> Iterator[Place]:
    """It answers what its rules say: one for each kind, by a word of the kind's own prompt."""
    port = free_port()
    with TemporaryDirectory() as name:
        rules = [
            {"name": kind, "when": {"messages_contain": word}, "respond": {"content": json.dumps(answer)}}
            for kind, word, answer in _ANSWERS
        ]
        (Path(name) / "fakellm.yaml").write_text(json.dumps({"version": 1, "rules": rules}))
        argv = [str(BIN / "fakellm"), "serve", "--host", "127.0.0.1", "--port", str(port)]
        with running(argv, Path(name), f"http://127.0.0.1:{port}/v1/models"):
            yield Place(f"http://127.0.0.1:{port}/v1", "gpt-4o-mini")


_ANSWERS: list[tuple[str, str, dict[str, Any]]] = [
    ("flashcards", "flashcards for a learner", {"suggestions": [{"front": "A cell?", "back": "The unit of life."}]}),
    ("outline", "You plan a short story", {"title": "The Bottle", "chapters": ["He finds a letter."]}),
    ("chapter", "You write one chapter", {"heading": "The Letter", "text": "He found it at dawn."}),
    ("intent", "what a sentence asks for", {"intent": "unknown", "reason": "There is no telling."}),
]
SERVERS: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    "llama.cpp": llama_cpp,
    "litellm": litellm,
    "fakellm": fakellm,
}


def try_kind(provider: Provider, model: str, kind: str) -> str:
    """Return how a kind came out: how many calls it took, or the code that it ended with."""
    loaded, asking, began = load(kind), Asking(provider, model), time.monotonic()
    try:
        loaded.run(asking, loaded.input.model_validate(GIVEN[kind]))  # type: ignore[arg-type]  # a ctx that cannot draw
    except GenerationError as error:
        return f"{error.code}: {error.message}"
    return f"succeeded, {asking.calls} calls, {time.monotonic() - began:.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SERVERS))
    names = parser.parse_args().names or list(SERVERS)
    failed = False
    for name in names:
        try:
            with SERVERS[name]() as place:
                provider = Provider(place.url, protocol=place.protocol)
                for kind in GIVEN:
                    ended = try_kind(provider, place.model, kind)
                    failed = failed or not ended.startswith("succeeded")
                    print(f"{name:10} {kind:12} {ended}", flush=True)
        except (OSError, NoAnswerError) as missing:
            failed = True
            print(f"{name:10} is not there: install it into {BIN.parent} first ({missing})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
