"""The surroundings of a cold start: the world behind TLS, a model server, and real jobs. Measures nothing."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore

from bench.cold_start.authority import Authority, new_authority
from bench.report import PROJECT
from bench.world import World, world
from local.lambda_runtime import BuiltFunction, built_function
from local.processes import start_server

WHOLE_BUNDLE = Path(botocore.__file__).with_name("cacert.pem")
AMAZON_BUNDLE = PROJECT / "shared" / "aws" / "amazon-roots.pem"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`variables` are for all contestants: all servers use https and the whole bundle, as in a function without its own
    settings. `amazon_only` are for a function whose AWS clients only trust Amazon's authorities."""

    world: World
    variables: dict[str, str]
    amazon_only: dict[str, str]
    _create: BuiltFunction

    def job(self, size: int = 1) -> dict[str, Any]:
        """Return a batch of this many new flashcards jobs, as SQS gives it to the worker."""
        record = self.world.events["process"]["Records"][0]
        messages = [{"v": 1, "user_id": "alice", "generation_id": self._new(), "fence": 1} for _ in range(size)]
        return {
            "Records": [{**record, "messageId": each["generation_id"], "body": json.dumps(each)} for each in messages]
        }

    def cancel(self) -> dict[str, Any]:
        """Return the request to cancel a generation that is still pending."""
        event, new = self.world.events["actions"], self._new()
        old = event["pathParameters"]["generation_id"]
        changed: dict[str, Any] = json.loads(json.dumps(event).replace(old, new))
        return changed

    def _new(self) -> str:
        created = self._create.invoke(self.world.events["create"])
        if created.get("statusCode") != 202:
            raise RuntimeError(f"create does not answer as it must: {created}\n{self._create.log()[-2000:]}")
        return str(json.loads(created["body"])["generation_id"])


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Start everything; it is gone when the block ends."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unstuck-bench-")))
        around = stack.enter_context(world(state))
        authority = new_authority(state)
        model = _server(stack, state, "local.model_server")
        behind = [urlsplit(around.variables[name]).port or 0 for name in ("AWS_ENDPOINT_URL", "JWT_ISSUER")]
        aws, issuer, models = (_behind_tls(stack, state, port, authority) for port in (*behind, model))
        variables = {
            **around.variables,
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{aws}",
            "LLM_BASE_URL": f"https://127.0.0.1:{models}/api/v1",
            "JWKS_URL": f"https://127.0.0.1:{issuer}/.well-known/jwks.json",
            "SSL_CERT_FILE": str(authority.beside(WHOLE_BUNDLE, state / "whole.pem")),
            "AWS_CA_BUNDLE": str(state / "whole.pem"),
            "SOURCE_TEXT_FILE": str(PROJECT / "examples" / "biology.txt"),
        }
        amazon_only = {"AWS_CA_BUNDLE": str(authority.beside(AMAZON_BUNDLE, state / "amazon.pem"))}
        (state / "jobs").mkdir()
        create = stack.enter_context(built_function(around.tree, "create", around.variables, state / "jobs"))
        yield Surroundings(around, variables, amazon_only, create)


def _behind_tls(stack: ExitStack, state: Path, port: int, authority: Authority) -> int:
    certificate = ("--certificate", str(authority.server))
    return _server(stack, state, "bench.cold_start.tls_proxy", "--to", str(port), *certificate, name=f"tls-{port}")


def _server(stack: ExitStack, state: Path, module: str, *arguments: str, name: str | None = None) -> int:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(state), "LANG": "C.UTF-8"}
    argv = [sys.executable, "-m", module, *arguments]
    child, port = start_server(name or module, argv, env=env, cwd=PROJECT, state=state)
    stack.callback(child.stop)
    return port
