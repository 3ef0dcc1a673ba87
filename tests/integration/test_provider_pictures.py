"""A picture over the wire: asked for as OpenRouter wants it, drawn by the local model server, taken whole."""

from collections.abc import Iterator

import httpx
import pytest

from functions.process.provider import Provider
from local.model_server import ModelServer
from local.model_server.drawing import data_url, draw
from tests.integration.model_server_asking import KEY, TEXT, asking, chunks
from tests.integration.provider_servers import TEXT as ASKED
from tests.integration.provider_servers import Asking


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def client(server: ModelServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=server.base_url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


@pytest.mark.parametrize("model", ["local/image", "local/cards", "local/differs:whole"])
def test_a_picture_comes_whole_in_a_stream_or_without_one(server: ModelServer, model: str) -> None:
    completion = Asking(model, picture=True).of(Provider(server.base_url, protocol="openrouter"))
    [image] = completion.pictures
    assert image.data == draw(ASKED.strip())
    assert (image.content_type, image.width, image.height) == ("image/png", 512, 512)
    assert completion.usage.completion_tokens > 1_290, "a picture is paid for"


def test_who_asks_for_text_gets_no_picture(server: ModelServer) -> None:
    completion = Asking("local/cards").of(Provider(server.base_url))
    assert completion.pictures == ()


def test_a_picture_is_drawn_for_the_words_the_form_and_the_turn_and_is_billed(client: httpx.Client) -> None:
    asked = asking(
        "local/image", modalities=["image", "text"], image_config={"aspect_ratio": "9:16"}, response_format=None
    )
    whole = client.post("/chat/completions", json={**asked, "stream": False}).json()
    streamed = chunks(client.post("/chat/completions", json=asked))
    said = [whole["choices"][0]["message"], *(chunk["choices"][0]["delta"] for chunk in streamed)]
    urls = [image["image_url"]["url"] for message in said for image in message.get("images", [])]
    assert urls == [data_url(draw(TEXT.strip(), turn, "9:16")) for turn in (0, 1)]
    assert draw(TEXT.strip(), 0, "9:16")[16:24] == (288).to_bytes(4) + (512).to_bytes(4)
    assert whole["usage"]["completion_tokens"] >= 1_290


def test_a_form_that_is_none_is_refused(client: httpx.Client) -> None:
    for ratio in ("16x9", "0:1", 7):
        asked = asking("local/image", modalities=["image"], image_config={"aspect_ratio": ratio})
        assert client.post("/chat/completions", json=asked).status_code == 400
