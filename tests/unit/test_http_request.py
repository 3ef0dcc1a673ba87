"""The input of the HTTP functions: the caller, the generation, and a valid JSON body that is not too large."""

import base64
import json
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.http.problems import ProblemError
from shared.http.request import MAX_BODY_BYTES, Request, whole_number

ID = "01940000-0000-7000-8000-000000000000"
DAMAGED = "�"
"""The replacement character. API Gateway writes it for a byte that is not UTF-8, and texts from PDFs contain it."""


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
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8")),
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


@pytest.mark.parametrize("bad", ["\\ud800", "\\udfff", "\\udc00\\ud800"])
@pytest.mark.parametrize(
    "place", ['{"a":"x%sx"}', '{"x%s":1}', '{"a":[["%s"]]}', '{"a":{"b":[1,{"%s":2}]}}', '{"a":{"b":{"c":"%s"}}}']
)
def test_text_that_was_not_utf_8_is_refused_wherever_it_stands(bad: str, place: str) -> None:
    assert code_of(request(place % bad)) == "invalid_encoding"


@pytest.mark.parametrize("damaged", [DAMAGED, "\\ufffd"])
def test_a_replacement_character_is_taken_as_any_other(damaged: str) -> None:
    assert request(f'{{"a":"caf{damaged}"}}').json() == {"a": "caf\ufffd"}


WHOLE = {
    "2": 2,
    "2.0": 2,
    "2.000": 2,
    "2e0": 2,
    "20e-1": 2,
    "0.2E1": 2,
    "-0.0": 0,
    "1e2": 100,
    "9007199254740992": 1 << 53,
}
PARTS = ["2.5", "2.0000001", "1e-1", "1e400", "-1e400"]


@pytest.mark.parametrize("text", WHOLE)
def test_a_number_with_the_value_of_an_integer_is_one_wherever_it_stands(text: str) -> None:
    [found] = request(f'{{"a":[{text}]}}').json()["a"]
    assert (found, type(found)) == (WHOLE[text], int)
    assert whole_number(text) == WHOLE[text]


@pytest.mark.parametrize("text", PARTS)
def test_a_number_with_a_fraction_is_no_integer(text: str) -> None:
    assert isinstance(request(f'{{"a":{text}}}').json()["a"], float)
    assert whole_number(text) is None


@pytest.mark.parametrize(
    "text", ["", " 2", "2 ", "2.", ".5", "02", "+2", "0x2", "2_0", "٣", "1e", "nan", "inf", "9" * 400]
)
def test_a_text_that_is_no_number_of_json_names_no_integer(text: str) -> None:
    assert whole_number(text) is None


ADDRESSES = [
    "https://api.example",
    "https://x.execute-api.eu-west-1.amazonaws.com/prod",
    "https://example.com/a/b",
    "http://[::1]:7",
]


@pytest.mark.parametrize("base", ADDRESSES)
@pytest.mark.parametrize(
    ("route", "called"),
    [
        ("POST /v1/generations", "/v1/generations"),
        ("POST /v1/generations", "/v1/generations?a=/b/../c"),
        ("POST /v1/generations/{generation_id}/retry", f"/v1/generations/{ID}/retry"),
        ("PATCH /v1/generations/{generation_id}/suggestions/{number}", f"/v1/generations/{ID}/suggestions/1"),
    ],
)
def test_a_reference_leads_to_its_path_below_any_address_that_the_api_has(base: str, route: str, called: str) -> None:
    reference = request(routeKey=route).reference(f"/v1/generations/{ID}")
    assert urljoin(base + called, reference) == f"{base}/v1/generations/{ID}"


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


UPPER = "01940000-AB12-7FFF-8ABC-DEF012345678"


@pytest.mark.parametrize("sent", [UPPER, UPPER.lower(), UPPER.title(), UPPER.swapcase()])
def test_an_id_of_ours_is_taken_in_any_case_and_is_lower_case_from_there(sent: str) -> None:
    asked = request(pathParameters={"generation_id": sent})
    assert asked.generation_id == UPPER.lower()
    assert asked.key.generation_id == UPPER.lower()


@pytest.mark.parametrize(
    "given_id",
    [
        "",
        "7",
        ID.replace("7", "4"),
        ID.replace("8", "c"),
        ID + "0",
        "x" + ID,
        ID + "\n",
        ID.upper() + "#S",
        ID[:-1] + "\u212a",
    ],
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
