"""Servers that do what the local model server cannot, and one call of the client with all it takes."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.process.provider import CallRecord, Cancellation, ChatMessage, Completion, ModelRequest, Provider

KEY = "sk-test-7f3a9c"
TEXT = "A cell is the smallest unit of life. Mitochondria make the energy of the cell. " * 15
SCHEMA = {
    "type": "object",
    "properties": {"cards": {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 90}}},
    "required": ["cards"],
}

type Script = Callable[[socket.socket], None]


def a_request(
    model: str = "local/cards", fallback_models: tuple[str, ...] = (), *, picture: bool = False
) -> ModelRequest:
    return ModelRequest(
        model=model,
        messages=(
            ChatMessage("system", "Make cards."),
            ChatMessage("user", f"<source_text>\n{TEXT}\n</source_text>"),
        ),
        schema_name="cards",
        schema=None if picture else SCHEMA,
        max_completion_tokens=4000,
        user="owner-hash",
        labels={"Generation": "g-1", "Attempt": "2", "Step": "draft"},
        fallback_models=fallback_models,
    )


@dataclass
class Asking:
    """One call and its effects: how often it asked for permission to send, and the progress that it reported."""

    model: str = "local/cards"
    fallback_models: tuple[str, ...] = ()
    picture: bool = False
    key: str = KEY
    seconds: float = 60.0
    may_send: Callable[[], None] = lambda: None
    cancellation: Cancellation = field(default_factory=Cancellation)
    asked: int = 0
    progress: list[int] = field(default_factory=list)
    bill_ids: list[str] = field(default_factory=list)
    record: CallRecord = field(default_factory=CallRecord)

    def of(self, provider: Provider) -> Completion:
        return provider.complete(
            a_request(self.model, self.fallback_models, picture=self.picture),
            api_key=self.key,
            deadline=time.monotonic() + self.seconds,
            may_send=self._leave,
            cancellation=self.cancellation,
            on_text=self.progress.append,
            on_bill_id=self.bill_ids.append,
            record=self.record,
        )

    def _leave(self) -> None:
        self.asked += 1
        self.may_send()


@dataclass
class RawServer:
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve each connection by reading one request and running `script` on the socket, which is then closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        # An OSError is the client's leave: what the script then still does is of no interest.
        try:
            with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                server.requests.append(_read_request(stream))
                script(stream)
        except OSError:
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(30)


def _read_request(stream: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += stream.recv(65_536) or _gone()
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = lengths[0] if lengths else 0
    while len(body) < length:
        body += stream.recv(65_536) or _gone()
    return head + b"\r\n\r\n" + body


def _gone() -> bytes:
    raise ConnectionError("the client closed before it had sent its request")


def until_the_client_leaves(stream: socket.socket) -> None:
    stream.settimeout(60)
    while stream.recv(65_536):
        pass


def saying(*parts: bytes, then: Script | None = None) -> Script:
    """Return a script that sends each of `parts` separately, and then does `then`."""

    def script(stream: socket.socket) -> None:
        for part in parts:
            stream.sendall(part)
        if then:
            then(stream)

    return script


def head(content_type: str = "text/event-stream", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, f"never seen: {what}"
        time.sleep(0.01)


def self_signed(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path
