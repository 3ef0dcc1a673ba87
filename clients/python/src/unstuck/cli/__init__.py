"""The command line `unstuck`. Its dependencies are the extra `cli`; only this module works without them."""

import sys
from importlib.util import find_spec

_NEEDED = ("typer", "rich")


def main() -> int:
    """Run the command line and return its exit code; docs/cli.md has them."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        print(
            f"The command line needs {' and '.join(missing)}. In a clone: pip install './clients/python[cli]'",
            file=sys.stderr,
        )
        return 2
    from unstuck.cli.app import app  # noqa: PLC0415 - only now is it certain that the import works

    app()
    return 0
