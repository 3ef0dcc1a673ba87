"""The canary's own test: a secret is found in every form in which one could be left behind."""

import base64
import json
import zlib

import pytest

from shared.store.marshalling import pack
from tests.canary import Secret

SECRET = Secret()
RAW = SECRET.text.encode()
PACKED = pack({"text": f"before {SECRET.text} after"})

HIDDEN = {
    "as it is": f"before {SECRET.text} after",
    "in bytes": b"\xff" + RAW,
    "in a mapping's value": {"a": [{"b": SECRET.text}]},
    "in a mapping's name": {SECRET.text: 1},
    "in base64": base64.b64encode(RAW),
    "in base64 one byte further": base64.b64encode(b"{" + RAW + b"}"),
    "in base64 two bytes further": base64.b64encode(b"{}" + RAW + b"}"),
    "in hexadecimal": RAW.hex(),
    "compressed": PACKED,
    "compressed among other bytes": b"header" + zlib.compress(RAW, 9) + b"trailer",
    "compressed and in base64, as DynamoDB is sent it": json.dumps({"B": base64.b64encode(PACKED).decode()}),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_secret_is_found(how: str) -> None:
    assert SECRET.is_in(HIDDEN[how])
    assert not Secret().is_in(HIDDEN[how])


def test_nothing_is_found_where_nothing_is() -> None:
    assert not SECRET.is_in({"a": ["b", 1, None, b"", "AAAAAAAAAAAAAAAAAAAAAAAA"]})
