"""The model server as a process: `python -m local.model_server --port 0 --port-file PATH [--ledger PATH]`."""

import argparse
from pathlib import Path

from local.model_server.server import ModelServer
from local.model_server.serving import serve_until_told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.model_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port; 0 chooses a free one")
    parser.add_argument("--port-file", type=Path, help="the file to write the port to, once the server listens")
    parser.add_argument("--ledger", type=Path, help="where to append each call as JSON lines")
    arguments = parser.parse_args()
    serve_until_told(ModelServer(arguments.port, arguments.ledger), arguments.port_file)


if __name__ == "__main__":
    main()
