"""The client over TLS: the authorities that it trusts, and that the deadline and cancellation work there too."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from functions.process.provider import Provider
from shared.domain.clock import SystemClock
from shared.domain.errors import CallCanceledError, CallDeadlineExceededError, TransientProviderError
from tests.integration.provider_servers import (
    Asking,
    head,
    raw_server,
    saying,
    self_signed,
    until_the_client_leaves,
)

ANSWER = b'data: {"choices": [{"delta": {"content": "{}"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class NeverPausing(SystemClock):
    def random(self) -> float:
        pytest.fail("a quick retry was made")


def test_a_certificate_that_nobody_vouches_for_is_not_accepted_and_not_tried_again(tls: ssl.SSLContext) -> None:
    asking = Asking()
    with raw_server(saying(head(), ANSWER), tls) as server, pytest.raises(TransientProviderError) as caught:
        asking.of(Provider(server.base_url.replace("http:", "https:"), clock=NeverPausing()))
    assert caught.value.code == "provider_unreachable"
    assert "certificate" in caught.value.message
    assert (asking.asked, server.requests) == (0, [])


def test_a_server_without_tls_is_unreachable_over_https() -> None:
    def no_tls(stream: socket.socket) -> None:
        stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            no_tls(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(TransientProviderError) as caught:
        Asking().of(Provider(f"https://127.0.0.1:{listener.getsockname()[1]}/v1", clock=NeverPausing()))
    thread.join(30)
    listener.close()
    assert caught.value.code == "provider_unreachable"


def test_a_trusted_server_is_called_and_asked_for_leave_once(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    asking = Asking()
    with raw_server(saying(head(), ANSWER), tls) as server:
        provider = Provider(server.base_url.replace("http:", "https:"))
        provider.warm_up()
        assert server.connections == 0
        assert asking.of(provider).text == "{}"
    assert asking.asked == 1


def test_the_deadline_and_cancellation_hold_over_tls(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with raw_server(saying(head(), then=until_the_client_leaves), tls) as server:
        provider = Provider(server.base_url.replace("http:", "https:"))
        with pytest.raises(CallDeadlineExceededError):
            Asking(seconds=0.5).of(provider)
        asking = Asking()
        threading.Timer(0.3, asking.cancellation.cancel).start()
        with pytest.raises(CallCanceledError):
            asking.of(provider)


def test_a_handshake_that_is_never_answered_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asking = Asking(seconds=0.5)
        with pytest.raises(CallDeadlineExceededError):
            asking.of(Provider(f"https://127.0.0.1:{listener.getsockname()[1]}/v1"))
    assert asking.asked == 0
