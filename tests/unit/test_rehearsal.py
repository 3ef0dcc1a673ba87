"""A rehearsed call is signed and parsed, never sent, and leaves the client unchanged."""

import uuid
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from shared.aws import clients, init
from shared.aws.rehearsal import rehearse
from tests.integration.provider_servers import raw_server, saying

NOWHERE = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)


def client_of(service: str, endpoint: str = "http://127.0.0.1:1") -> Any:
    made: Any = botocore.session.Session().create_client
    return made(service, region_name="eu-central-1", endpoint_url=endpoint, config=NOWHERE)


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "ssm"])
def test_a_rehearsal_is_signed_and_reaches_nobody(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client, seen = client_of(service), []
    client.meta.events.register_first("before-send", lambda request, **_: seen.append(request.headers))
    monkeypatch.setattr(uuid, "uuid4", lambda: pytest.fail("an id was drawn"))
    rehearse(client)
    assert [b"AWS4-HMAC-SHA256" in headers["Authorization"] for headers in seen] == [True]
    assert seen[0]["amz-sdk-invocation-id"] == b"rehearsal"


@pytest.mark.parametrize("service", ["s3", "kms"])
def test_a_client_of_a_service_without_a_rehearsal_is_left_alone(service: str) -> None:
    rehearse(client_of(service))


def test_the_same_call_is_sent_after_its_rehearsal() -> None:
    answer = b'HTTP/1.1 200 OK\r\ncontent-length: 29\r\n\r\n{"Parameter": {"Value": "x"}}'
    with raw_server(saying(answer)) as server:
        client = client_of("ssm", server.base_url.removesuffix("/api/v1"))
        rehearse(client)
        assert server.requests == []
        assert client.get_parameter(Name="/a")["Parameter"]["Value"] == "x"
    assert len(server.requests) == 1


def test_a_rehearsal_that_fails_leaves_nothing_behind_that_answers_for_the_service() -> None:
    client = client_of("sqs")

    def breaks(**_: Any) -> None:
        raise RuntimeError("no signature")

    client.meta.events.register_first("request-created", breaks)
    with pytest.raises(RuntimeError):
        rehearse(client)
    client.meta.events.unregister("request-created", breaks)
    with pytest.raises(Exception, match="Could not connect"):
        client.send_message(QueueUrl="http://127.0.0.1:1/q", MessageBody="real")


def test_clients_rehearse_while_a_function_is_prepared_and_at_no_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsed: list[str] = []
    monkeypatch.setattr(clients, "rehearse", lambda client: rehearsed.append(client.meta.service_model.service_name))
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "unstuck")
    clients.sqs()
    assert rehearsed == []
    init.prepare(clients.dynamodb, clients.ssm)
    clients.sqs()
    assert rehearsed == ["dynamodb", "ssm"]


def test_a_step_that_fails_stops_no_other_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "unstuck")
    taken: list[str] = []

    def fails() -> None:
        raise LookupError("nothing there")

    init.prepare(fails, lambda: taken.append("second"))
    assert taken == ["second"]
    assert not init.under_way()
    assert "not prepared before the first event" in caplog.text
    assert "LookupError" in caplog.text
