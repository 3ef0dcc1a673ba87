"""The whole system on this machine: MiniStack with the real template, a token issuer and a model server.

Owns the order of start and end. Nothing that it starts outlives it, however its process ends.
"""

import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local import deployment, disk, logs, own_kinds
from local.build import BUILDS, built_tree, host_architecture
from local.deployed import DeployedStack
from local.emulator import ACCESS_KEY, PROJECT, Emulator, restart_emulator, start_emulator
from local.page import PageServer
from local.processes import Child, kill_all_with, start_server
from local.state import drop_state, new_state

AUDIENCE = "unstuck-local"
KEY_PARAMETER = f"/{deployment.STACK_NAME}/openrouter-api-key"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


# Where the usual tools serve a page in development: Next, Vite's preview and Vite.
_OWN_PAGES = tuple(f"http://{host}:{port}" for port in (3000, 4173, 5173) for host in ("localhost", "127.0.0.1"))


@dataclass(frozen=True)
class StackOptions:
    """The options of a stack.

    `parameters` override the template's, by name. `model_url`: a model API to use instead of the local model server.
    `api_key`: its key; without one a random key is made up. `state_dir` is kept afterwards; without one the state is in
    a temporary directory that is removed with the stack. `restartable`: the emulator can restart and keep its state.
    With `page` the web page is served, see `page_url`. `warm`: how many processes of a function stay up once it was
    called, by its short name; one of each unless named.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    model_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    default_model: str = "local/cards"
    allowed_origins: tuple[str, ...] = _OWN_PAGES
    state_dir: Path | None = None
    restartable: bool = False
    page: bool = False
    warm: Mapping[str, int] = field(default_factory=dict)
    report: Callable[[str, float], None] = lambda _part, _seconds: None
    """Called after each part of the start with its name and its duration in seconds."""


class LocalStack(DeployedStack):
    """`with LocalStack(options) as stack:` - up when the block begins, gone when it ends."""

    def __init__(self, options: StackOptions | None = None) -> None:
        super().__init__()
        self.options = options or StackOptions()
        self.timings: dict[str, float] = {}
        """Seconds that each part of the start took."""
        self._children: list[Child] = []
        self._emulator: Emulator | None = None
        self._page: PageServer | None = None
        self._clock = time.monotonic()

    def __enter__(self) -> Self:
        self.state = self.options.state_dir or new_state()
        self.state = self.state.resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException as error:
            self._end(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        # Checked before the end, which frees space.
        full = disk.was_full(error, [self.state, BUILDS]) if isinstance(error, Exception) else None
        self.stop()
        if full is not None:
            raise disk.FullError(full) from error

    def _start(self) -> None:
        self._clock = time.monotonic()
        tree = built_tree()
        self._lap("build")
        self._emulator = start_emulator(self.state, keeps_state=self.options.restartable, warm=self.options.warm)
        self._children.append(self._emulator.child)
        self._lap("ministack")
        self.issuer_url = self._serve("local.token_issuer")
        self.model_url = self.options.model_url
        if self.model_url is None:
            self.model_url = f"{self._serve('local.model_server', '--ledger', self.state / 'ledger.jsonl')}/api/v1"
        if self.options.page:
            self._page = PageServer(self).start()
        self._lap("servers")
        key = self.options.api_key or f"sk-local-{secrets.token_hex(16)}"
        deployment.put_provider_key(self.endpoint, KEY_PARAMETER, key)
        self._outputs = deployment.deploy(self.endpoint, tree, self.parameters, self.state)
        deployment.settle(self.endpoint, tree, self._outputs, self.parameters["AllowedOrigins"])
        self._lap("deploy")
        self._answer_once()
        if self._page is not None:
            self._page.stack_is_up()
        logs.announce(
            self.state, self.endpoint, ACCESS_KEY, {name: self._log_group(name) for name in self.function_names}
        )
        self._lap("warm")

    def _answer_once(self) -> None:
        """Make every function answer once: then the stack is proven to work, and later timings have no cold starts."""
        with ThreadPoolExecutor() as pool:
            answers = [
                pool.submit(self.invoke, "process", {"Records": []}),
                pool.submit(self.invoke, "sweeper"),
                *(pool.submit(self.invoke, "push", {"Records": []}) for _ in range(self._is_live)),
                pool.submit(self._status_of, "POST", "/v1/generations", b"{}"),
                pool.submit(self._status_of, "GET", "/v1/generations/01900000-0000-7000-8000-000000000000"),
                pool.submit(self._status_of, "POST", "/v1/live"),
            ]
            found = [answer.result() for answer in answers]
        if found[-3:] != [400, 404, 200 if self._is_live else 404]:
            raise RuntimeError(f"the API's response is wrong: {found}. See the logs in {self.state}")

    @property
    def _is_live(self) -> bool:
        return self.parameters["Live"] == "enabled"

    def _status_of(self, method: str, path: str, body: bytes | None = None) -> int:
        headers = {"authorization": f"Bearer {self.token('nobody')}", "content-type": "application/json"}
        request = urllib.request.Request(self.api_url + path, body, headers, method=method)  # noqa: S310 - our own http
        try:
            with _DIRECT.open(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def _serve(self, module: str, *arguments: str | Path) -> str:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.state), "LANG": "C.UTF-8", "TMPDIR": str(self.tmpdir)}
        argv = [sys.executable, "-m", module, *arguments]
        child, port = start_server(module, argv, env=env, cwd=PROJECT, state=self.state)
        self._children.append(child)
        return f"http://127.0.0.1:{port}"

    def _lap(self, name: str) -> None:
        now = time.monotonic()
        self.timings[name], self._clock = now - self._clock, now
        self.options.report(name, self.timings[name])

    def restart_emulator(self) -> None:
        """End the emulator and the functions in order, and start it again with its whole state.

        Needs `restartable`. Meanwhile neither API nor queues answer; the model server continues.
        """
        self._children.remove(self.emulator.child)
        self._emulator = restart_emulator(self.emulator, self.state)
        self._children.insert(0, self._emulator.child)

    def stop(self) -> None:
        """End everything that was started. Safe to call twice, and after a start that failed halfway."""
        logs.withdraw(self.state)
        if self._page is not None:
            self._page.stop()
            self._page = None
        if self._emulator is not None and self._emulator.keeps_state and self._emulator.child in self._children:
            self._emulator.end_in_order()  # only then is its state written
        for child in reversed(self._children):
            child.stop()
        self._children.clear()
        kill_all_with("TMPDIR", str(self.tmpdir))  # processes that had left its process group
        if self.options.state_dir is None:
            drop_state(self.state)

    @property
    def tmpdir(self) -> Path:
        """In the environment, as TMPDIR, of every process of this stack and of no other."""
        return self.state / "tmp"

    @property
    def emulator(self) -> Emulator:
        """The running emulator. Raises RuntimeError before the start."""
        if self._emulator is None:
            raise RuntimeError("the stack is not up")
        return self._emulator

    @property
    def endpoint(self) -> str:
        """The emulator's URL, for AWS clients."""
        return self.emulator.url

    @property
    def _llm_base_url(self) -> str:
        # The local model server has Bedrock's protocol at its root: the model is in the path.
        bedrock = self.options.model_url is None and self.options.parameters.get("LlmProtocol") == "bedrock"
        return str(self.model_url).removesuffix("/api/v1") if bedrock else str(self.model_url)

    @property
    def parameters(self) -> dict[str, str]:
        """The template parameters that this stack is deployed with."""
        return {
            "Architecture": host_architecture(),
            "JwtIssuer": self.issuer_url,
            "JwtAudience": AUDIENCE,
            "AllowedOrigins": ",".join((*self.options.allowed_origins, *(self._page.origins if self._page else ()))),
            **({} if "LlmPlainHttpUrl" in self.options.parameters else {"LlmBaseUrl": self._llm_base_url}),
            # The local model server speaks OpenRouter's protocol, and its host name does not reveal that.
            "LlmProtocol": "openrouter" if self.options.model_url is None else "auto",
            "DefaultModel": self.options.default_model,
            **({"ImageModel": "local/image"} if self.options.model_url is None else {}),
            "AllowedModels": "local/*" if self.options.model_url is None else "*",
            "KindsPackage": own_kinds.package(),
            "Live": "enabled",
            **self.options.parameters,
        }

    @property
    def page_url(self) -> str:
        """Where a browser finds the web page."""
        if self._page is None:
            raise RuntimeError("this stack has no page: StackOptions(page=True)")
        return self._page.url

    def token(self, sub: str = "alice", *, audience: str = AUDIENCE, ttl_seconds: int = 3600) -> str:
        """A token of the local issuer for the user `sub`; already expired if `ttl_seconds` is negative."""
        query = urllib.parse.urlencode({"sub": sub, "aud": audience, "ttl": ttl_seconds})
        with _DIRECT.open(f"{self.issuer_url}/token?{query}", timeout=10) as answer:
            body = answer.read().decode()
        return str(json.loads(body)["access_token"]) if body.startswith("{") else str(body.strip())

    def ledger(self) -> list[dict[str, Any]]:
        """Every call that the local model server got, oldest first."""
        with _DIRECT.open(f"{self._model_server}/_ledger", timeout=10) as answer:
            return list(json.load(answer)["calls"])

    def hurry(self, generation_id: str) -> None:
        """Have the local model server write the rest of a generation without pauses, for one who has seen enough."""
        with _DIRECT.open(f"{self._model_server}/_hurry/{generation_id}", data=b"", timeout=10):
            pass

    @property
    def _model_server(self) -> str:
        if self.options.model_url is not None:
            raise RuntimeError("this stack calls another model server than its own")
        return str(self.model_url).removesuffix("/api/v1")
