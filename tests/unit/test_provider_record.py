"""The stored part of a provider's own words: a short word for its error, the model's name, and never a key or a
text."""

import json

import pytest

from functions.process.provider.excerpt import excerpt_of, looks_like_a_key
from functions.process.provider.record import CallRecord, word_of
from functions.process.provider.report import own_words, report_of_bytes

KEY = "Zq7-hidden.of.the/deployment_41"


def told(body: bytes, extra: str = "") -> str | None:
    """Return the word that is kept of a refusal with this body."""
    return next(filter(None, map(word_of, own_words(report_of_bytes(body, extra).body))), None)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"error": {"message": "x", "type": "requests", "code": "rate_limit_exceeded"}}', "rate_limit_exceeded"),
        (b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}', "overloaded_error"),
        (b'{"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}}', "RESOURCE_EXHAUSTED"),
        (b'{"error": {"code": 502, "message": "Provider returned error"}}', "502"),
        (
            b'{"error": {"code": 502, "metadata": {"raw": "{\\"error\\": {\\"type\\": \\"no_capacity\\"}}"}}}',
            "no_capacity",
        ),
        (b'{"detail": [{"type": "string_too_long", "loc": ["body"], "input": {"code": "mine"}}]}', "string_too_long"),
        (b'{"error": "model_is_loading"}', "model_is_loading"),
        (b'[{"error": {"code": 403, "details": [{"reason": "API_DISABLED"}]}}]', "API_DISABLED"),
        (b'{"code": "a sentence is no word"}', None),
        (b'{"code": "' + b"w" * 65 + b'"}', None),
        (b'{"code": "caf\xc3\xa9"}', None),
        (b'{"code": true, "type": null, "status": {}}', None),
        (b"<html>Bad gateway</html>", None),
        (b"", None),
    ],
)
def test_the_providers_own_word_is_kept_where_it_is_one(body: bytes, word: str | None) -> None:
    assert told(body) == word


def test_a_word_that_came_in_a_header_goes_before_the_body() -> None:
    assert told(b'{"message": "Too many requests", "code": "other"}', "ThrottlingException") == "ThrottlingException"


@pytest.mark.parametrize("place", ["input", "message", "messages", "content", "prompt", "request", "param"])
def test_a_word_of_what_the_server_quotes_is_not_taken_for_its_own(place: str) -> None:
    for quoted in ({"code": "theirs"}, json.dumps({"code": "theirs"}), [{"type": "theirs"}]):
        assert told(json.dumps({"error": {place: quoted}}).encode()) is None


@pytest.mark.parametrize(
    "key",
    [
        "sk-or-v1-0123456789abcdef", "sk_live_4eC39HqLyjWDarjtT1", "AKIAIOSFODNN7EXAMPLE", "AIzaSyA-1234567890",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "gsk_abcdefgh1234",
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_no_word_no_model_and_in_no_excerpt(key: str) -> None:
    assert looks_like_a_key(key)
    assert word_of(key) is None
    record = CallRecord()
    record.written_by(key)
    record.finished(key)
    assert (record.answered_by, record.finish) == (None, None)
    for said in (f"Incorrect API key provided: {key}.", {"error": {"message": f"bad '{key}'", "hint": [key]}}, key):
        text = excerpt_of(said, "none")
        assert key not in text
        assert key[4:16] not in text
        assert "left out" in text


@pytest.mark.parametrize(
    "word", ["invalid_request_error", "context_length_exceeded", "THROTTLED", "task-1", "risk-free"]
)
def test_a_plain_word_is_no_key(word: str) -> None:
    assert not looks_like_a_key(word)
    assert word in excerpt_of(f"It was {word} again", KEY)


@pytest.mark.parametrize(
    "quoted",
    [
        KEY, KEY.upper(), KEY[3:], KEY[:-9], f"{KEY[:12]}...{KEY[-8:]}", f"\u200b{KEY[:9]}\u200b{KEY[9:]}", KEY * 3,
        f"{KEY[:10]}\x00{KEY[10:]}",
    ],
)  # fmt: skip
def test_no_eight_characters_in_a_row_of_the_calls_own_key_are_in_an_excerpt(quoted: str) -> None:
    for said in (f"no such user: <{quoted}>", {"detail": quoted}, {"detail": json.dumps({"given": quoted})}):
        text = excerpt_of(said, f" {KEY}\n").lower()
        grams = {KEY[at : at + 8].lower() for at in range(len(KEY) - 7)}
        assert [gram for gram in grams if gram in text] == []
        assert len(text) > 10


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Bearer abc.def", "authorization=Basic dXNlcjpwYXNz", 'x-api-key: "short1"',
        '{"password": "hunter2"}', "secret=s3cr3t", "token: t0k3n",
    ],
)  # fmt: skip
def test_what_is_named_a_secret_is_left_out_however_short(said: str) -> None:
    text = excerpt_of(said, KEY)
    secrets = ("abc.def", "dXNlcjpwYXNz", "short1", "hunter2", "s3cr3t", "t0k3n")
    assert [secret for secret in secrets if secret in text] == []


def test_an_excerpt_is_one_short_line_without_control_characters() -> None:
    text = excerpt_of("\x1b[31mred\u202e\r\n\tnext " + "word " * 500, KEY)
    assert text.startswith("[31mred next word")
    assert text.isprintable()
    assert len(text) == 500
    assert excerpt_of("", KEY) == ""


def test_a_body_that_is_all_one_character_or_all_keys_is_read_in_no_time() -> None:
    for said in ("a-" * 50_000, "=" * 100_000, "sk-abcd1 " * 20_000, KEY * 4_000, '{"key":' * 10_000):
        assert len(excerpt_of(said, KEY)) <= 500


@pytest.mark.parametrize("name", ["", "a\nb", "a" * 129, "caf\u00e9", None, 7])
def test_what_is_no_name_of_a_model_leaves_the_one_before(name: object) -> None:
    record = CallRecord()
    record.written_by("good/model-1")
    record.written_by(name)
    assert record.answered_by == "good/model-1"


def test_a_record_that_begins_again_knows_nothing_of_the_try_before() -> None:
    record = CallRecord(400, "gen-1", "bad", "m", "stop", {"message": "x"})
    record.begin()
    assert record == CallRecord()
    assert record.facts("asked", 1.23456).known() == {"model": "asked", "seconds": 1.235}


def test_the_first_error_stands_and_a_repr_does_not_quote_it() -> None:
    record = CallRecord()
    record.failed("first", {"message": "their words"})
    record.failed("second", {"message": "later words"})
    assert record.code == "first"
    assert "words" not in repr(record)
