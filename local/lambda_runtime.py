"""Runs a built handler under the real Lambda runtime client, with the emulator of its API that the SAM CLI includes.

The process sees its own zip, the layer, the runtime's packages, and the given variables.
"""

import contextlib
import importlib.util
import json
import socket
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.build import host_architecture
from local.emulator import PROJECT, runtime_packages
from local.processes import Child, kill_all_with

RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py", "runtime_client")


def _installed(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module} is not installed: `make setup` installs it")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _emulator_binary() -> Path:
    return _installed("samcli") / "local" / "rapid" / f"aws-lambda-rie-{host_architecture()}"


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class BuiltFunction:
    """One built handler that waits for events."""

    def __init__(self, name: str, url: str, child: Child) -> None:
        self.name = name
        self._url = url
        self._child = child

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer; an error that it raised is the answer's `errorMessage`."""
        request = urllib.request.Request(self._url, data=json.dumps(event).encode())  # noqa: S310 - loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def log(self) -> str:
        """The handler's output so far."""
        return self._child.log.read_text(errors="replace")


@contextlib.contextmanager
def built_function(tree: Path, name: str, variables: Mapping[str, str], state: Path) -> Iterator[BuiltFunction]:
    """Start the function `name` of the built tree. When the block ends, it and all of its children are gone."""
    directory = state / name
    directory.mkdir()
    code, layer = tree / f"{name.capitalize()}Function", tree / "SharedLayer" / "python"
    path = (code, layer, runtime_with_client(directory / "runtime"))
    with running_handler(f"functions.{name}.handler.handler", path, variables, directory) as running:
        yield running


def runtime_with_client(directory: Path) -> Path:
    """A directory with the packages of Lambda's runtime: boto3, and the client that asks for events."""
    packages = runtime_packages(directory)
    for module in RUNTIME_CLIENT:
        installed = _installed(module)
        (packages / installed.name).symlink_to(installed)
    return packages


def handler_environment(
    handler: str, path: Sequence[Path], variables: Mapping[str, str], directory: Path
) -> dict[str, str]:
    """The variables of a handler's process, except those of its runtime API."""
    return {
        **variables,
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(directory),
        "LAMBDA_TASK_ROOT": str(path[0]),
        "PYTHONPATH": ":".join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": f"unstuck-{handler.split('.')[-2]}",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
    }


def handler_command(handler: str) -> tuple[str | Path, ...]:
    """A program that runs a handler under the real runtime client, with no packages except those of its environment's
    path."""
    python = (PROJECT / ".venv-ministack" / "bin" / "python").resolve()
    return (python, "-S", "-s", "-m", "awslambdaric", handler)


@contextlib.contextmanager
def running_handler(
    handler: str, path: Sequence[Path], variables: Mapping[str, str], directory: Path
) -> Iterator[BuiltFunction]:
    """Start a handler that finds its modules on `path`, first its own; `directory` is its TMPDIR and takes its log."""
    name = handler.split(".")[-2]
    port, runtime_port = _free_ports(2)
    env = handler_environment(handler, path, variables, directory)
    argv: list[str | Path] = [
        *(_emulator_binary(), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *handler_command(handler),
    ]
    child = Child(f"rie-{name}", argv, env=env, cwd=path[0], log=directory / "log")
    try:
        child.wait_until(lambda: _listening(port), timeout_seconds=30)
        yield BuiltFunction(name, f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", child)
    finally:
        child.stop()
        kill_all_with("TMPDIR", str(directory))  # the emulator puts its handler into a separate process group
