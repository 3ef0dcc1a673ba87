"""A cursor is opaque and of one exact form: what was not answered as one is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.clock import uuid7
from shared.http import cursor

IDS = st.builds(uuid7, st.integers(0, (1 << 48) - 1), st.integers(0, (1 << 74) - 1))


@given(IDS)
def test_a_cursor_leads_behind_the_id_that_it_was_made_of(last_id: str) -> None:
    made = cursor.encode(last_id)
    assert cursor.decode(made) == last_id
    assert made.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=40))
def test_no_other_text_is_a_cursor(text: str) -> None:
    try:
        last_id = cursor.decode(text)
    except ValueError:
        return
    assert cursor.encode(last_id) == text


@given(IDS, st.integers(0, 22), st.characters())
def test_a_changed_character_leads_to_another_id_or_nowhere(last_id: str, place: int, character: str) -> None:
    made = cursor.encode(last_id)
    changed = made[:place] + character + made[place + 1 :]
    try:
        assert (cursor.decode(changed) == last_id) == (changed == made)
    except ValueError:
        assert changed != made


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


GOOD = cursor.encode(uuid7(1, 1))
BAD = {
    "empty": "",
    "padded": f"{GOOD}=",
    "with a line end": f"{GOOD}\n",
    "cut": GOOD[:-1],
    "too long": GOOD + "AAAA",
    "of another form": encoded(b"\x02" + bytes(16)),
    "not a UUIDv7": encoded(b"\x01" + bytes(16)),
    "the plain alphabet": "+" + GOOD[1:],
    "an id itself": uuid7(1, 1),
    "not ASCII": "ä" * 23,
    "a key of DynamoDB's": encoded(b'{"pk":"mallory"}'),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_cursor_is_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of its rules is broken
        cursor.decode(BAD[name])
