"""Starts MiniStack inside its own virtual environment, but runs functions with another interpreter.

`local.emulator` runs this as a script. MiniStack starts each function with `sys.executable`, whose environment also has
MiniStack's own packages. One of them is pydantic, so a package missing from a layer would go unnoticed.
"""

import asyncio
import importlib
import importlib.util
import os
import sys
import threading
import time
import zipfile  # noqa: F401 - MiniStack imports it late, in several threads at once; one would find half of it
from pathlib import Path
from typing import Any

_STREAM_POLL_SECONDS = 0.1
_CHANGE_SECONDS = 0.05
"""How long a function is said to be changing after its settings were changed. MiniStack's own half second only
imitates AWS: a change counts at once."""


async def leave_threads(_loop: asyncio.BaseEventLoop, _timeout: float | None = None) -> None:
    """Wait for no thread: some wait for a killed function, for as long as a function may run."""


def _beside(name: str) -> Any:
    """Return a module of this folder: an isolated interpreter cannot find it by name."""
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if found is None or found.loader is None:
        raise ImportError(f"local/{name}.py is missing")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def streams_apart(functions: Any) -> None:
    """Poll the tables' streams in a separate thread. MiniStack's one poller waits for each function that it runs: while
    a stream's function works, it takes no message from any queue."""
    poll = functions._poll_dynamodb_streams
    begun = threading.Event()

    def run() -> None:
        while True:
            try:
                busy = poll()
            except Exception as error:  # noqa: BLE001 - as in the original loop
                print(f"streams: {type(error).__name__}", file=sys.stderr, flush=True)
                busy = False
            if not busy:
                time.sleep(_STREAM_POLL_SECONDS)

    def begin() -> bool:
        if not begun.is_set():
            begun.set()
            threading.Thread(target=run, name="streams", daemon=True).start()
        return False

    functions._poll_dynamodb_streams = begin


def main(functions_interpreter: str) -> None:
    """Serve until killed. `functions_interpreter` sees the standard library and boto3, as on Lambda."""
    app: Any = importlib.import_module("ministack.app")
    app.app = _beside("guard").guarded(app.app, os.environ["AWS_ACCESS_KEY_ID"])
    runtime = importlib.import_module("ministack.core.lambda_runtime")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    functions._LAMBDA_STATE_TRANSITION_DELAY = _CHANGE_SECONDS
    streams_apart(functions)
    _beside("function_pool").install(runtime, functions, os.environ.get("UNSTUCK_WARM", ""))
    sys.executable = functions_interpreter
    sys.argv = ["ministack"]
    asyncio.BaseEventLoop.shutdown_default_executor = leave_threads  # type: ignore[assignment, method-assign]
    app.main()
    # Requests are answered and the state is written by now; the interpreter would also wait for the threads.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
