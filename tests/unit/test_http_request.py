"""What the HTTP functions take: whose call it is, which generation, and a body of sound JSON that is not too large."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.http.problems import ProblemError
from shared.http.request import MAX_BODY_BYTES, Request

ID = "01940000-0000-7000-8000-000000000000"
WORST = "�"


def request(body: Any = None, *, encoded: bool = False, subject: Any = "alice", **more: Any) -> Request:
    claims = {} if subject is None else {"sub": subject}
    context = {"requestId": "r-1", "authorizer": {"jwt": {"claims": claims}}}
    return Request({"requestContext": context, "body": body, "isBase64Encoded": encoded, **more})


def code_of(asked: Request) -> str:
    with pytest.raises(ProblemError) as problem:
        asked.json()
    return problem.value.code


def body_of(size: int) -> str:
    """A JSON object of exactly `size` bytes."""
    return '{"a":"' + "x" * (size - len('{"a":""}')) + '"}'


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_characters=WORST)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc"), JSON, max_size=3), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=50)
def test_every_sound_object_is_read_as_it_was_sent(value: dict[str, Any], ascii_only: bool, encoded: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    body = base64.b64encode(text.encode()).decode() if encoded else text
    assert request(body, encoded=encoded).json() == value


@pytest.mark.parametrize("body", [None, "", "{", "nonsense", "[]", "7", '"text"', "null", '{"a":1}x', "{'a':1}"])
def test_what_is_not_one_json_object_is_invalid_json(body: str | None) -> None:
    assert code_of(request(body)) == "invalid_json"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_only_python_knows_are_invalid_json(constant: str) -> None:
    assert code_of(request(f'{{"a":[{constant}]}}')) == "invalid_json"


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 40_000 + "1" + "}" * 40_000])
def test_nesting_without_end_is_invalid_json_and_not_a_crash(body: str) -> None:
    assert code_of(request(body)) == "invalid_json"


def test_a_number_of_ten_thousand_digits_is_invalid_json() -> None:
    assert code_of(request('{"a":' + "1" * 10_000 + "}")) == "invalid_json"


@pytest.mark.parametrize("bad", [WORST, "\\ufffd", "\\ud800", "\\udfff", "\\udc00\\ud800"])
@pytest.mark.parametrize(
    "place", ['{"a":"x%sx"}', '{"x%s":1}', '{"a":[["%s"]]}', '{"a":{"b":[1,{"%s":2}]}}', '{"a":{"b":{"c":"%s"}}}']
)
def test_text_that_was_not_utf_8_is_refused_wherever_it_stands(bad: str, place: str) -> None:
    assert code_of(request(place % bad)) == "invalid_encoding"


def test_a_pair_of_escaped_surrogates_is_one_sound_character() -> None:
    assert request('{"a":"\\ud83d\\ude00"}').json() == {"a": "😀"}


def test_a_lone_surrogate_that_is_not_escaped_is_refused() -> None:
    assert code_of(request('{"a":"\ud800"}')) == "invalid_encoding"


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_of_exactly_256_kb_passes_and_one_byte_more_is_too_large(encoded: bool) -> None:
    for size, passes in ((MAX_BODY_BYTES, True), (MAX_BODY_BYTES + 1, False)):
        text = body_of(size)
        asked = request(base64.b64encode(text.encode()).decode() if encoded else text, encoded=encoded)
        if passes:
            assert len(asked.json()["a"]) == size - 8
        else:
            assert code_of(asked) == "body_too_large"


def test_the_size_is_counted_in_bytes_and_not_in_characters() -> None:
    assert code_of(request('{"a":"' + "ä" * (MAX_BODY_BYTES // 2) + '"}')) == "body_too_large"


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_that_is_too_large_is_not_read_to_see_whether_it_is_json(encoded: bool) -> None:
    assert code_of(request("\ud800[{" * MAX_BODY_BYTES, encoded=encoded)) == "body_too_large"


@pytest.mark.parametrize("body", ["no base64!", "e30", "ä", "\ud800"])
def test_a_body_that_is_no_base64_though_it_says_so_is_refused(body: str) -> None:
    assert code_of(request(body, encoded=True)) == "invalid_encoding"


def test_a_body_whose_base64_holds_no_utf_8_is_refused() -> None:
    assert code_of(request(base64.b64encode(b'{"a":"\xff"}').decode(), encoded=True)) == "invalid_encoding"


@pytest.mark.parametrize("subject", ["a", "x" * 128, "auth0|5f7c8ec7c33c6c004bbafe82", "with a space"])
def test_a_subject_of_printable_ascii_is_the_owner(subject: str) -> None:
    assert request(subject=subject).owner == subject


@pytest.mark.parametrize("subject", [None, "", "x" * 129, "büro", "\u202ebob", "a\nb", "a\x00", "\x7f", 7, ["alice"]])
def test_a_subject_that_could_not_be_a_key_is_refused(subject: Any) -> None:
    with pytest.raises(ProblemError, match="unsupported_subject"):
        _ = request(subject=subject).owner


def test_the_id_in_the_path_is_taken_when_it_is_one_of_ours() -> None:
    assert request(pathParameters={"generation_id": ID}).generation_id == ID


@pytest.mark.parametrize(
    "given_id",
    ["", "7", ID.replace("7", "4"), ID.replace("8", "c"), ID + "0", "x" + ID, ID + "\n", ID.upper() + "#S"],
)
def test_an_id_that_is_none_of_ours_is_answered_as_one_that_is_not_there(given_id: str) -> None:
    with pytest.raises(ProblemError, match="not_found"):
        _ = request(pathParameters={"generation_id": given_id}).generation_id


def test_a_path_without_an_id_is_answered_as_one_that_is_not_there() -> None:
    with pytest.raises(ProblemError, match="not_found"):
        _ = request().generation_id


def test_headers_are_read_by_their_lower_case_names() -> None:
    asked = request(headers={"if-none-match": '"1-0"'})
    assert asked.header("if-none-match") == '"1-0"'
    assert asked.header("idempotency-key") is None
    assert request().header("if-none-match") is None
