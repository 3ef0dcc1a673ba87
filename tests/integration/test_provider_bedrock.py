"""Bedrock's ConverseStream: the worker's client and botocore's own are sent the same and read the same."""

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from functions.process.ending import Ending
from functions.process.provider import Provider
from functions.process.provider.dialects.bedrock import Bedrock
from functions.process.provider.terms import Terms
from local.model_server import ModelServer
from local.model_server.converse import event
from shared.domain.errors import ProviderError
from shared.domain.model_prices import read_prices
from tests.factories import LONG_TEXT, a_generation, an_input
from tests.integration.provider_servers import Asking, a_request, head, raw_server, saying
from tests.integration.wire_rig import Served
from tests.integration.worker_rig import Rig

MODELS = ["local/cards", "anthropic.claude-3-haiku-20240307-v1:0", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x"]


@pytest.fixture(autouse=True)
def rights(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    for name, value in (values | {"AWS_REGION": "eu-west-1"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def botocore_client(endpoint: str) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return boto3.Session().client("bedrock-runtime", region_name="eu-west-1", endpoint_url=endpoint, config=config)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("terms", [Terms(), Terms(system_in_user=True)])
def test_what_is_sent_is_what_botocores_own_client_sends(model: str, terms: Terms) -> None:
    wired = Bedrock("https://openrouter.ai/api/v1").call(a_request(model), terms, "")
    seen: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        seen.append(request)
        return AWSResponse(request.url, 400, HTTPHeaders(), None)

    client = boto3.Session().client("bedrock-runtime", region_name="eu-west-1")
    client.meta.events.register("before-send.bedrock-runtime.ConverseStream", answer)
    with pytest.raises((ClientError, AttributeError)):
        client.converse_stream(modelId=model, **json.loads(wired.body))
    assert seen[0].url == wired.url
    assert json.loads(cast("bytes", seen[0].body)) == json.loads(wired.body)
    signed = [bytes(cast("bytes", seen[0].headers["Authorization"])).decode(), wired.headers["Authorization"]]
    scopes = [header.split(", ")[0] for header in signed]
    assert scopes[0] == scopes[1], "the same rights for the same service and region"
    assert wired.headers["X-Amz-Security-Token"] == "token"


@pytest.mark.parametrize("model", ["local/cards", "local/length", "local/filter", "local/tool"])
def test_botocores_own_client_reads_the_local_wire(server: ModelServer, model: str) -> None:
    sent = json.loads(Bedrock(server.bedrock_url).call(a_request(model), Terms(), "").body)
    events = list(botocore_client(server.bedrock_url).converse_stream(modelId=model, **sent)["stream"])
    said = "".join(
        each["contentBlockDelta"]["delta"]["toolUse"]["input"] for each in events if "contentBlockDelta" in each
    )
    stop = next(each["messageStop"]["stopReason"] for each in events if "messageStop" in each)
    expected = {"local/cards": "end_turn", "local/length": "max_tokens", "local/filter": "content_filtered"}
    assert stop == expected.get(model, "tool_use")
    assert events[-1]["metadata"]["usage"]["inputTokens"] > 0
    if model == "local/cards":
        assert Asking(model).of(Provider(server.bedrock_url, protocol="bedrock")).text == said


def test_botocores_own_client_takes_the_faults_for_what_they_are(server: ModelServer) -> None:
    client = botocore_client(server.bedrock_url)
    sent = json.loads(Bedrock(server.bedrock_url).call(a_request(), Terms(), "").body)
    with pytest.raises(ClientError, match="ThrottlingException"):
        client.converse_stream(modelId="local/429", **sent)
    stream = client.converse_stream(modelId="local/error_in_stream", **sent)["stream"]
    with closing(stream), pytest.raises(EventStreamError, match="modelStreamErrorException"):
        list(stream)


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("local/429", "provider_rate_limited"),
        ("local/503", "provider_unavailable"),
        ("local/status:424", "provider_unavailable"),
        ("local/status:403", "provider_forbidden"),
        ("local/status:404", "provider_bad_request"),
        ("local/error_in_stream:429", "provider_rate_limited"),
        ("local/error_in_stream", "provider_unavailable"),
        ("local/cut", "provider_stream_cut"),
        ("local/broken", "provider_stream_cut"),
        ("local/length", "output_truncated"),
        ("local/filter", "output_filtered"),
        ("local/hang", "provider_timeout"),
        ("local/empty", "output_empty"),
        ("local/huge", "output_too_large"),
    ],
)
def test_each_fault_has_the_same_code_as_elsewhere(server: ModelServer, model: str, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        Asking(model, seconds=0.5 if model == "local/hang" else 60).of(Provider(server.bedrock_url, protocol="bedrock"))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("ValidationException", "Input is too long for requested model.", "provider_input_too_large"),
        ("ThrottlingException", "Too many tokens, please wait before trying again.", "provider_rate_limited"),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "provider_key_refused",
        ),
        ("ExpiredTokenException", "The security token included in the request is expired", "provider_key_refused"),
        ("ModelNotReadyException", "Model is not ready for inference", "provider_rate_limited"),
        (
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            "provider_forbidden",
        ),
        (
            "ServiceQuotaExceededException",
            "Your request exceeds the service quota for your account",
            "provider_out_of_credit",
        ),
    ],
)
def test_what_amazon_says_is_understood(name: str, message: str, code: str) -> None:
    status = {
        "AccessDeniedException": "403 Forbidden",
        "ThrottlingException": "429 Slow",
        "ModelNotReadyException": "429 X",
    }
    headers = head(
        "application/json", status.get(name, "400 Bad Request"), f"x-amzn-ErrorType: {name}:http://internal/x"
    )
    body = json.dumps({"message": message}).encode()
    with raw_server(saying(headers, body)) as raw, pytest.raises(ProviderError) as caught:
        Asking().of(Provider(raw.base_url, protocol="bedrock"))
    assert caught.value.code == code


def test_events_are_read_however_they_are_cut_and_a_wrong_checksum_breaks_the_protocol() -> None:
    body = event("contentBlockDelta", {"delta": {"text": '{"a": 1}'}, "contentBlockIndex": 0})
    body += event("messageStop", {"stopReason": "end_turn"})
    body += event("metadata", {"usage": {"inputTokens": 5, "outputTokens": 2}})
    start = head("application/vnd.amazon.eventstream")
    with raw_server(saying(start, *(body[at : at + 3] for at in range(0, len(body), 3)))) as raw:
        provider = Provider(raw.base_url, protocol="bedrock", prices=read_prices(["*=1/5"]))
        completion = Asking().of(provider)
    assert completion.text == '{"a": 1}'
    assert completion.usage.cost_usd == Decimal("0.000015")
    spoiled = body[:60] + bytes([body[60] ^ 1]) + body[61:]
    with raw_server(saying(start, spoiled)) as raw, pytest.raises(ProviderError, match="provider_protocol_broken"):
        Asking().of(Provider(raw.base_url, protocol="bedrock"))


def test_a_worker_makes_cards_with_its_own_rights_and_no_key(rig: Rig, server: ModelServer) -> None:
    def no_key() -> str:
        raise AssertionError("no key is read")

    rig.api_key = no_key
    created = rig.store.admission.create(a_generation(rig.clock), an_input(LONG_TEXT))
    served = Served(rig, server.bedrock_url, protocol="bedrock")
    assert served.handle(created).ending is Ending.SUCCEEDED
    assert rig.steps(created)[0].result["suggestions"]
    (call,) = server.ledger.calls
    assert (call.outcome, call.paid) == ("answered", True)
