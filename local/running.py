"""The view of a running stack for the page's server and the faults. Never deployed."""

from pathlib import Path
from typing import Any, Protocol


class RunningStack(Protocol):
    """A running stack; see `local.stack.LocalStack`, which is one."""

    @property
    def tmpdir(self) -> Path: ...

    @property
    def endpoint(self) -> str: ...

    @property
    def api_url(self) -> str: ...

    @property
    def table_name(self) -> str: ...

    @property
    def queue_url(self) -> str: ...

    @property
    def function_names(self) -> dict[str, str]: ...

    def client(self, service: str) -> Any: ...

    def token(self, sub: str = ..., *, ttl_seconds: int = ...) -> str: ...

    def worker_pids(self, name: str) -> list[int]: ...
