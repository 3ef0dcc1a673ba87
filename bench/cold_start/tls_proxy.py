"""TLS in front of a server on loopback: `python -m bench.cold_start.tls_proxy --to PORT --certificate FILE`.

A separate process, so that its work counts towards no contestant. Does not read what it passes on.
"""

import argparse
import asyncio
import contextlib
import ssl
from pathlib import Path

_PIECE = 64 * 1024


async def serve(to: int, certificate: Path, port: int, port_file: Path) -> None:
    """Serve until the process is ended; writes its port once it listens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", to)
            with contextlib.closing(behind_writer):
                ways = (_pass_on(reader, behind_writer), _pass_on(behind_reader, writer))
                await asyncio.wait([asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=context, backlog=256)
    unfinished = port_file.with_suffix(".part")
    unfinished.write_text(str(server.sockets[0].getsockname()[1]))
    unfinished.rename(port_file)
    await server.serve_forever()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=int, required=True, help="the port of the server behind")
    parser.add_argument("--certificate", type=Path, required=True, help="PEM, with its key")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.to, given.certificate, given.port, given.port_file))


if __name__ == "__main__":
    main()
