"""Pictures from a model's answer: every accepted form and every refused one."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.process.provider.answer import AnswerReader
from functions.process.provider.dialects.chat_completions import Compatible
from functions.process.provider.pictures import (
    MOST_PICTURE_BYTES,
    MOST_PICTURES,
    DrawnPicture,
    NotAPictureError,
    PictureTooLargeError,
    Sketches,
    picture_of,
)
from local.model_server.drawing import data_url, draw
from shared.domain.errors import ProviderError
from shared.domain.generation import Usage
from tests.unit.whole_pictures import WHOLE

PNG = draw("a lighthouse", aspect_ratio="16:9")
# A frame header after a segment of another kind, as cameras write it, and a byte of filling between.
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x04JF\xff\xff\xc0\x00\x11\x08"
    + (300).to_bytes(2)
    + (400).to_bytes(2)
    + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9"
)


def webp(form: bytes, body: bytes, *more: bytes) -> bytes:
    """Return a container with a chunk, which holds more than a header, and what follows it."""
    body = body.ljust(20, b"\x00")
    chunk = b"WEBP" + form + len(body).to_bytes(4, "little") + body + b"".join(more)
    return b"RIFF" + len(chunk).to_bytes(4, "little") + chunk


LOSSY = webp(b"VP8 ", b"\x80\x00\x00\x9d\x01\x2a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little"))
LOSSLESS = webp(b"VP8L", b"\x2f" + (639 | 479 << 14).to_bytes(4, "little"))
EXTENDED = webp(b"VP8X", b"\x10\x00\x00\x00" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"), LOSSY[12:])


def part(url: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def drawn(*parts: Any) -> DrawnPicture:
    sketches = Sketches()
    for one in parts:
        sketches.add(one, index=None, draft=False)
    (picture,) = sketches.pictures()
    return picture


def png_of(width: int, height: int) -> bytes:
    return PNG[:16] + width.to_bytes(4) + height.to_bytes(4) + PNG[24:]


@pytest.mark.parametrize(
    ("content_type", "data", "size"),
    [
        ("image/png", PNG, (512, 288)),
        ("image/jpeg", JPEG, (400, 300)),
        ("image/webp", LOSSY, (640, 480)),
        ("image/webp", LOSSLESS, (640, 480)),
        ("image/webp", EXTENDED, (640, 480)),
    ],
    ids=["png", "jpeg", "webp lossy", "webp lossless", "webp extended"],
)
def test_a_picture_of_each_type_is_taken_with_its_size(content_type: str, data: bytes, size: tuple[int, int]) -> None:
    assert drawn(part(data_url(data, content_type))) == DrawnPicture(content_type, data, *size)


@pytest.mark.parametrize("form", WHOLE)
def test_what_an_encoder_writes_is_taken_whole_and_nothing_shorter_of_it(form: str) -> None:
    content_type, size, data = WHOLE[form]
    assert picture_of(data_url(data, content_type)) == DrawnPicture(content_type, data, *size)
    for length in range(len(data)):
        with pytest.raises(NotAPictureError):
            picture_of(data_url(data[:length], content_type))


@pytest.mark.parametrize("form", [form for form in WHOLE if "jpeg" in form])
def test_a_jpeg_that_is_cut_off_and_closed_again_is_refused(form: str) -> None:
    data = WHOLE[form].data
    scan = data.index(b"\xff\xda")
    behind = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4])
    for cut in (scan, behind):
        with pytest.raises(NotAPictureError):
            picture_of(data_url(data[:cut] + b"\xff\xd9", "image/jpeg"))


@pytest.mark.parametrize("frame", [b"\xff\xc0", b"\xff\xc2"])
def test_a_jpeg_with_too_little_behind_its_header_for_its_size_is_refused(frame: bytes) -> None:
    whole = WHOLE["jpeg" if frame == b"\xff\xc0" else "jpeg, progressive"].data
    at = whole.index(frame) + 5
    claimed = whole[:at] + (3000).to_bytes(2) + (4000).to_bytes(2) + whole[at + 4 :]
    with pytest.raises(NotAPictureError):
        picture_of(data_url(claimed, "image/jpeg"))


@pytest.mark.parametrize(("form", "header"), [("webp, lossy", 10), ("webp, lossless", 5), ("webp, with alpha", 10)])
def test_a_webp_with_nothing_but_headers_is_refused(form: str, header: int) -> None:
    data = WHOLE[form].data
    chunks = data[12 : 12 + 8 + (10 if form.endswith("alpha") else header)]
    chunks = chunks[:4] + (len(chunks) - 8).to_bytes(4, "little") + chunks[8:]
    empty = b"WEBP" + chunks + bytes(len(chunks) % 2)
    with pytest.raises(NotAPictureError):
        picture_of(data_url(b"RIFF" + len(empty).to_bytes(4, "little") + empty, "image/webp"))


def test_a_webp_whose_animation_holds_itself_is_no_deeper_than_a_frame() -> None:
    inner = b""
    for _ in range(2_000):
        body = bytes(16) + inner
        inner = b"ANMF" + len(body).to_bytes(4, "little") + body
    whole = b"WEBP" + inner
    with pytest.raises(NotAPictureError):
        picture_of(data_url(b"RIFF" + len(whole).to_bytes(4, "little") + whole, "image/webp"))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/picture.png",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        data_url(b"<script>alert(1)</script>", "text/html"),
        data_url(b"GIF89a" + bytes(30), "image/gif"),
        "data:image/png," + "%89PNG",
        "data:image/png;base64,",
        data_url(PNG) + "!",
        data_url(PNG).rstrip("=")[:-1],
        data_url(PNG) + "\u00e9",
        "data:image/png;base64," + base64.urlsafe_b64encode(PNG[:40] + b"\xfb\xff\xfe" * 9).decode(),
        data_url(PNG[:-1]),
        data_url(PNG[:-12]),
        data_url(PNG[:33] + PNG[-12:]),
        data_url(PNG[:33] + b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e" + PNG[-12:]),
        data_url(JPEG[:-2], "image/jpeg"),
        data_url(LOSSY[:-1], "image/webp"),
        data_url(b"GIF89a" + bytes(30)),
        data_url(b"<!doctype html><script>alert(1)</script>"),
        data_url(PNG[:20]),
        data_url(png_of(0, 10)),
        data_url(JPEG[:12], "image/jpeg"),
        data_url(JPEG[:2], "image/jpeg"),
        data_url(b"\xff\xd8\xff" + bytes(40), "image/jpeg"),
        data_url(webp(b"VP8?", b""), "image/webp"),
        data_url(b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        "",
        None,
        7,
        ["data:"],
    ],
    ids=lambda url: str(url)[:40],
)
def test_what_is_no_picture_of_the_three_types_is_refused(url: Any) -> None:
    with pytest.raises(NotAPictureError):
        drawn(part(url))


@pytest.mark.parametrize(
    "broken",
    [None, "x", 7, [], {}, {"image_url": None}, {"image_url": "data:"}, {"image_url": {}}, {"url": {"url": 7}}],
)
def test_a_part_of_another_form_is_refused(broken: Any) -> None:
    with pytest.raises(NotAPictureError):
        drawn(broken)


@pytest.mark.parametrize(
    "data",
    [PNG.ljust(MOST_PICTURE_BYTES + 1, b"\x00"), PNG.ljust(MOST_PICTURE_BYTES * 2, b"\x00"), png_of(60_000, 60_000)],
    ids=["a byte too many", "twice", "pixels"],
)
def test_what_would_take_too_much_memory_is_refused(data: bytes) -> None:
    with pytest.raises(PictureTooLargeError):
        drawn(part(data_url(data)))


def test_the_largest_that_is_taken_is_taken() -> None:
    assert len(drawn(part(data_url(PNG.ljust(MOST_PICTURE_BYTES, b"\x00")))).data) == MOST_PICTURE_BYTES


@given(st.sampled_from(["image/png", "image/jpeg", "image/webp"]), st.binary(max_size=60), st.integers(0, 30))
def test_no_bytes_end_in_anything_but_a_picture_or_a_refusal(content_type: str, noise: bytes, cut: int) -> None:
    begin = {"image/png": PNG, "image/jpeg": JPEG, "image/webp": LOSSY}[content_type][:cut]
    try:
        found = drawn(part(data_url(begin + noise, content_type)))
    except (NotAPictureError, PictureTooLargeError):
        return
    assert found.width > 0
    assert found.height > 0


def chunk(images: Any = None, content: str = "", finish: str | None = None, *, whole: bool = False) -> bytes:
    said = {"role": "assistant", "content": content} | ({} if images is None else {"images": images})
    return json.dumps({"choices": [{"message" if whole else "delta": said, "finish_reason": finish}]}).encode()


def answer(*events: bytes, with_picture: bool = True) -> AnswerReader:
    collected = AnswerReader("m", with_picture=with_picture)
    for event in events:
        Compatible("http://127.0.0.1").read(collected, event, last=False)
    return collected


def code_of(*events: bytes) -> str:
    with pytest.raises(ProviderError) as caught:
        answer(*events).completion()
    return caught.value.code


@pytest.mark.parametrize("whole", [False, True])
def test_a_picture_is_an_answer_with_text_or_without(whole: bool) -> None:
    for text in ("", "Here it is."):
        completion = answer(chunk([part(data_url(PNG))], text, "stop", whole=whole)).completion()
        assert (completion.text, completion.usage) == (text, Usage(calls=1))
        assert [image.data for image in completion.pictures] == [PNG]


def test_pictures_of_several_chunks_are_kept_in_order() -> None:
    events = (chunk([part(data_url(PNG))]), chunk([part(data_url(JPEG, "image/jpeg"))]), chunk(finish="stop"))
    assert [image.content_type for image in answer(*events).completion().pictures] == ["image/png", "image/jpeg"]


def test_an_answer_without_a_picture_is_empty_whatever_it_says() -> None:
    assert code_of(chunk(content="I have drawn you a lighthouse."), chunk(finish="stop")) == "output_empty"
    assert code_of(chunk([], finish="stop")) == "output_empty"
    assert code_of(chunk("data:image/png;base64,", finish="stop")) == "output_empty"


def test_one_bad_picture_spoils_the_answer() -> None:
    assert code_of(chunk([part(data_url(PNG)), part("https://example.com/a.png")], finish="stop")) == "output_invalid"
    assert code_of(chunk([part(data_url(png_of(60_000, 60_000)))], finish="stop")) == "output_too_large"


def test_more_pictures_than_are_ever_asked_for_are_too_many() -> None:
    one = part(data_url(PNG))
    assert len(answer(chunk([one] * MOST_PICTURES, finish="stop")).completion().pictures) == MOST_PICTURES
    assert code_of(chunk([one] * MOST_PICTURES), chunk([one], finish="stop")) == "output_too_large"


def test_a_picture_that_nobody_asked_for_is_not_even_read() -> None:
    completion = answer(chunk([part("nonsense")], "{}", "stop"), with_picture=False).completion()
    assert (completion.text, completion.pictures) == ("{}", ())


def test_a_picture_is_not_in_the_repr_of_an_answer() -> None:
    completion = answer(chunk([part(data_url(PNG))], finish="stop")).completion()
    assert "IHDR" not in repr(completion)


@pytest.mark.parametrize(
    "link",
    [
        data_url(PNG, "image/jpeg"),
        data_url(PNG, "image/png;charset=utf-8"),
        data_url(PNG, "IMAGE/PNG"),
        data_url(PNG, "application/octet-stream"),
        data_url(PNG).rstrip("="),
        base64.b64encode(PNG).decode(),
        base64.encodebytes(PNG).decode(),
        "data:image/png;base64,\r\n" + base64.encodebytes(PNG).decode().replace("\n", "\r\n"),
        "data:image/png;base64," + base64.urlsafe_b64encode(PNG).decode(),
    ],
    ids=lambda link: link[:30],
)
@pytest.mark.parametrize(
    "shape",
    [
        lambda link: {"image_url": {"url": link}},
        lambda link: {"image_url": link},
        lambda link: {"type": "image_url", "imageUrl": {"url": link}},
        lambda link: {"b64_json": link},
        lambda link: {"inline_data": {"mime_type": "image/png", "data": link}},
        lambda link: {"type": "image", "source": {"type": "base64", "data": link}},
        lambda link: link,
    ],
)
def test_the_bytes_say_what_they_are_however_they_come(link: str, shape: Any) -> None:
    assert drawn(shape(link)) == DrawnPicture("image/png", PNG, 512, 288)


@pytest.mark.parametrize("size", [1, 3, 1000, 4096])
def test_a_picture_may_come_in_pieces(size: int) -> None:
    url = data_url(PNG)
    pieces = [url[:40], *(url[at : at + size * 50] for at in range(40, len(url), size * 50))]
    parts = [part(piece) | {"index": 0} for piece in pieces]
    (picture,) = answer(*(chunk([one]) for one in parts), chunk(finish="stop")).completion().pictures
    assert picture.data == PNG


def test_of_a_draft_and_a_final_picture_the_final_one_is_taken() -> None:
    def thinking(url: str) -> bytes:
        delta = {"images": [part(url)], "reasoning_details": [{"type": "reasoning.text"}]}
        return json.dumps({"choices": [{"delta": delta}]}).encode()

    jpeg = data_url(JPEG, "image/jpeg")
    for events in ([thinking(jpeg), chunk([part(data_url(PNG))])], [chunk([part(data_url(PNG))]), thinking(jpeg)]):
        assert [drawn.data for drawn in answer(*events, chunk(finish="stop")).completion().pictures] == [PNG]
    assert [drawn.data for drawn in answer(thinking(jpeg), chunk(finish="stop")).completion().pictures] == [JPEG]
    again = [chunk([part(url) | {"index": 3}]) for url in (jpeg, data_url(PNG))]
    assert [drawn.data for drawn in answer(*again, chunk(finish="stop")).completion().pictures] == [PNG]


def test_done_stands_for_a_finish_only_where_the_picture_is_whole() -> None:
    assert answer(chunk([part(data_url(PNG))]), b"[DONE]").completion().pictures
    assert code_of(chunk([part(data_url(PNG[:-4]))]), b"[DONE]") == "provider_stream_cut"
