"""Framing of server-sent events, however the network cuts them."""

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.process.provider.events import EventReader

STREAM = (
    b": OPENROUTER PROCESSING\n\n"
    b'data: {"a": 1}\n\n'
    b"event: message\r\nid: 7\r\ndata: {\r\ndata: }\r\n\r\n"
    b":\n\n"
    b"data:no space \xe2\x80\xa8 and a line separator inside\n\n"
    b"data: [DONE]\n\n"
)
EVENTS = [b'{"a": 1}', b"{\n}", b"no space \xe2\x80\xa8 and a line separator inside", b"[DONE]"]


def read(*pieces: bytes) -> list[bytes]:
    reader = EventReader()
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
        reader = EventReader()
        for _ in range(pieces):
            assert list(reader.feed(b"x" * 256)) == []
        return time.process_time() - started

    seconds(1000)
    # Searching each time from the start would take 64 times as long for 8 times the pieces.
    assert seconds(32_000) < 40 * max(seconds(4_000), 0.001)
