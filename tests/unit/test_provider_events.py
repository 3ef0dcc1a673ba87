"""Framing of server-sent events, however the network cuts them."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process.provider.events import BodyFraming, TooLongError

STREAM = (
    b": OPENROUTER PROCESSING\n\n"
    b'data: {"a": 1}\n\n'
    b"event: message\r\nid: 7\r\ndata: {\r\ndata: }\r\n\r\n"
    b":\n\n"
    b"data:\n\ndata: \n\ndata\n\n"
    b"data: {\rdata: }\r\rdata: mixed\r\n\ndata: 2\n\r\n"
    b"data:no space \xe2\x80\xa8 and a line separator inside\n\n"
    b"data: [DONE]\n\n"
)
EVENTS = [
    b'{"a": 1}',
    b"{\n}",
    b"{\n}",
    b"mixed",
    b"2",
    b"no space \xe2\x80\xa8 and a line separator inside",
    b"[DONE]",
]


def read(*pieces: bytes) -> list[bytes]:
    reader = BodyFraming(100_000_000)
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + list(reader.finish())


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in pairwise(edges))) == EVENTS


def test_one_byte_at_a_time_gives_the_same_events() -> None:
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


def test_comments_and_blank_lines_give_nothing() -> None:
    assert read(b": a\n\n: b\n\n\n\n") == []


def test_a_byte_order_mark_before_the_first_line_is_no_part_of_it() -> None:
    mark = b"\xef\xbb\xbf"
    assert read(mark + STREAM) == read(mark, STREAM) == read(mark[:1], mark[1:], STREAM) == EVENTS
    assert read(mark + b"data: one") == [b"one"]
    assert read(b"data: one\n\n" + mark + b"data: two\n\n") == [b"one"], "elsewhere it is part of the field's name"


def test_a_last_event_without_its_blank_line_is_still_given() -> None:
    assert read(b"data: one\n\ndata: [DONE]") == [b"one", b"[DONE]"]
    assert read(b"data: [DONE]\n") == [b"[DONE]"]


def test_an_unknown_field_is_ignored() -> None:
    assert read(b"error: {}\nretry: 5\ndata: x\n\n") == [b"x"]


def test_a_line_of_megabytes_in_small_pieces_is_read_in_linear_time() -> None:
    def seconds(pieces: int) -> float:
        started = time.process_time()
        reader = BodyFraming(100_000_000)
        for _ in range(pieces):
            assert list(reader.feed(b"x" * 256)) == []
        return time.process_time() - started

    seconds(1000)
    # Searching each time from the start would take 64 times as long for 8 times the pieces.
    assert seconds(32_000) < 40 * max(seconds(4_000), 0.001)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@settings(deadline=None, max_examples=50)
@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_every_end_of_line_of_the_standard_is_one(end: bytes, cuts: list[int]) -> None:
    lines = [b": ping", b"", b"data: one", b"", b"data: two", b"data: three", b"event: x", b"", b"data:", b"", b""]
    stream = end.join(lines)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert read(*(stream[a:b] for a, b in pairwise(edges))) == [b"one", b"two\nthree"]


@settings(deadline=None, max_examples=50)
@given(
    cuts=st.lists(st.integers(0, 60), max_size=6), mark=st.booleans(), blank=st.sampled_from([b"", b"\n\n  ", b"\r\n"])
)
def test_a_body_that_begins_with_a_bracket_is_json_whatever_its_header_says(
    cuts: list[int], mark: bool, blank: bytes
) -> None:
    body = (b"\xef\xbb\xbf" if mark else b"") + blank + b'{"a": 1}\n\ndata: [DONE]\n\n'
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    assert b"".join(read(*(body[a:b] for a, b in pairwise(edges)))).strip() == b'{"a": 1}\n\ndata: [DONE]'


@pytest.mark.parametrize("begin", [b"{", b"data: ", b"x", b" "])
def test_neither_an_event_nor_a_document_may_be_without_end(begin: bytes) -> None:
    framing = BodyFraming(10_000)
    list(framing.feed(begin))
    with pytest.raises(TooLongError):
        feed_often(framing, b" " * 50 if begin == b" " else b"x" * 50)
    with pytest.raises(TooLongError):
        feed_often(BodyFraming(10_000), b"data: " + b"x" * 50 + b"\n")


def feed_often(framing: BodyFraming, piece: bytes) -> None:
    for _ in range(300):
        list(framing.feed(piece))


def test_a_long_stream_of_short_events_is_not_too_long() -> None:
    framing = BodyFraming(1_000)
    assert sum(len(list(framing.feed(b"data: xyz\n\n" * 50))) for _ in range(100)) == 5_000
