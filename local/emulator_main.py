"""Starts MiniStack inside its own virtual environment, with another interpreter for the functions than its own.

Run by `local.emulator` as a script. MiniStack starts each function with `sys.executable`, whose environment also holds
MiniStack's own packages; pydantic is one of them, so a package missing from a layer would not be missed here.
"""

import importlib
import sys


def main(functions_interpreter: str) -> None:
    """Serve until killed. `functions_interpreter` sees the standard library and boto3, as on Lambda."""
    app = importlib.import_module("ministack.app")
    sys.executable = functions_interpreter
    sys.argv = ["ministack"]
    app.main()


if __name__ == "__main__":
    main(sys.argv[1])
