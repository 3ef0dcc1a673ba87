"""The Idempotency-Key: which headers are keys, which are the same one, and which requests are the same."""

import time

import pytest

from shared.domain.idempotency import hash_of, read_key, slow_hash_of

BODY = {"create": {"kind": "flashcards", "model": None}, "input": {"source_text": "Zellen: das Leben"}}


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (r'"a\"b\\c"', r'a"b\c'),
        (r"a\b", r"a\b"),
        ("\t key ", "key"),
        ('"key" ', "key"),
        ('"a,b#c/d"', "a,b#c/d"),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
        ('"' + r"\"" * 255 + '"', '"' * 255),
    ],
)
def test_a_key_is_read_quoted_or_bare(header: str, key: str) -> None:
    assert read_key(header) == key


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        '""',
        '"',
        '"open',
        '"a"b"',
        '"a";p=1',
        '"a", "b"',
        r'"a\b"',
        r'"a\"',
        "a b",
        '"a b"',
        "ä",
        '"ä"',
        "a\x7f",
        "a\nb",
        '"a"\n',
        "x" * 256,
        '"' + "x" * 256 + '"',
    ],
)
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        read_key(header)


def test_the_order_of_the_fields_makes_no_other_request() -> None:
    turned = {"input": BODY["input"], "create": {"model": None, "kind": "flashcards"}}
    assert hash_of(turned) == hash_of(BODY)


def test_any_other_value_makes_another_request() -> None:
    others = [
        {**BODY, "input": {"source_text": "Zellen; das Leben"}},
        {**BODY, "create": {"kind": "flashcards", "model": "local/cards"}},
        {**BODY, "more": 1},
        {},
    ]
    assert len({hash_of(one) for one in [BODY, *others]}) == len(others) + 1


def test_the_hash_of_a_secret_tells_one_from_another_and_is_of_no_use_to_another_request() -> None:
    first = slow_hash_of("sk-of-a-user", "alice key-1")
    assert first == slow_hash_of("sk-of-a-user", "alice key-1")
    others = {slow_hash_of("sk-of-a-user", "alice key-2"), slow_hash_of("sk-of-another", "alice key-1")}
    assert len({first, *others}) == 3
    assert "sk-of-a-user" not in first


def test_guessing_at_a_secret_costs_memory_and_time() -> None:
    began = time.process_time()
    for guess in range(3):
        slow_hash_of(f"guess-{guess}", "salt")
    assert time.process_time() - began > 0.03, "a plain hash takes a millionth of a second"
