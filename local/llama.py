"""SmolLM2 on this machine: llama.cpp's own server in a separate process, for `make run MODEL=smollm2` and the tests.

Owns the start and the end of that process. `local.llama_main` is the server.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from local.emulator import PROJECT
from local.processes import kill_all_with, start_server
from local.state import drop_state, new_state

NAME = "smollm2"
VENV = PROJECT / ".venv-smollm2"
_INSTALLED = VENV / ".installed"


def is_installed() -> bool:
    """Whether `make .venv-smollm2/.installed` has been run: it is not part of `make setup`."""
    return _INSTALLED.exists()


class LlamaServer:
    """`with LlamaServer() as server:` - answers at `server.url` within the block, and is gone after it."""

    def __enter__(self) -> Self:
        if not is_installed():
            raise FileNotFoundError(f"{VENV.name} is missing. Run `make {_INSTALLED.relative_to(PROJECT)}` first")
        self.state = new_state()
        self.tmpdir = self.state / "tmp"
        """In the environment, as TMPDIR, of this server's processes and of no others."""
        try:
            self._start()
        except BaseException:
            drop_state(self.state)
            raise
        return self

    def _start(self) -> None:
        self.tmpdir.mkdir()
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.state), "LANG": "C.UTF-8", "TMPDIR": str(self.tmpdir)}
        argv: list[str | Path] = [VENV / "bin" / "python", "-I", PROJECT / "local" / "llama_main.py"]
        self._child, port = start_server("llama", argv, env=env, cwd=self.state, state=self.state)
        self.root = f"http://127.0.0.1:{port}"

    @property
    def url(self) -> str:
        """The base URL for clients of OpenAI's protocol."""
        return f"{self.root}/v1"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop()
        kill_all_with("TMPDIR", str(self.tmpdir))
        drop_state(self.state)
