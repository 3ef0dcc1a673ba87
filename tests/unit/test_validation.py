"""What is told of a bad body: where and why, and never what was sent."""

import pytest

from functions.create.service import Envelope
from shared.http.problems import ProblemError
from shared.http.validation import read


@pytest.mark.parametrize(
    ("name", "told"), [("colour", "colour"), ("a name with spaces", "*"), ("x" * 41, "*"), ("käse", "*"), ("", "*")]
)
def test_an_unknown_field_is_told_by_name_only_while_it_looks_like_one(name: str, told: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read(Envelope, {name: "a value that nobody may see"})
    assert refused.value.errors == [
        {"field": told, "code": "extra_forbidden", "message": "Extra inputs are not permitted"}
    ]
