"""A query string is read strictly. The answer lists all faults at once, and echoes nothing of it."""

import json
from typing import Any

import pytest

from shared.domain.clock import uuid7
from shared.http.cursor import encode
from shared.http.problems import ProblemError
from shared.http.query import LABEL, Query
from shared.http.request import Request

KNOWN = ("session_id", "status", "limit", "cursor")


def a_query(**values: str) -> Query:
    return Query(Request({"queryStringParameters": values}), *KNOWN)


def read(query: Query) -> tuple[Any, ...]:
    found = (
        query.matching("session_id", LABEL, "A label."),
        query.one_of("status", ["pending", "failed"]),
        query.number("limit", 1, 100),
        query.cursor(),
    )
    query.check()
    return found


def test_what_is_not_there_is_none() -> None:
    assert read(a_query()) == (None, None, None, None)
    assert read(Query(Request({}), *KNOWN)) == (None, None, None, None)


@pytest.mark.parametrize("sent", ["7", "7.0", "7.00", "7e0", "0.7e1", "70E-1"])
def test_an_integer_is_read_as_json_schema_has_it(sent: str) -> None:
    assert read(a_query(limit=sent))[2] == 7


@pytest.mark.parametrize("sent", ["7.5", "7.", "1e3", "-7", "0.0", "1e400", "nan", "7e", "07"])
def test_what_is_no_integer_within_its_bounds_is_wrong(sent: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read(a_query(limit=sent))
    assert [(error["field"], error["code"]) for error in refused.value.errors or []] == [("limit", "out_of_bounds")]


def test_what_is_there_is_read() -> None:
    last = uuid7(1, 1)
    query = a_query(session_id="s-1", status="failed", limit="7", cursor=encode(last))
    assert read(query) == ("s-1", "failed", 7, last)


WRONG = {
    "an unknown key": ({"SECRET": "1"}, [("query", "unknown")]),
    "a repeated key": ({"limit": "5,5"}, [("limit", "out_of_bounds")]),
    "a repeated label": ({"session_id": "a,b"}, [("session_id", "malformed")]),
    "an empty value": ({"status": ""}, [("status", "unknown")]),
    "zero": ({"limit": "0"}, [("limit", "out_of_bounds")]),
    "too many": ({"limit": "101"}, [("limit", "out_of_bounds")]),
    "a sign": ({"limit": "+5"}, [("limit", "out_of_bounds")]),
    "other digits": ({"limit": "٣"}, [("limit", "out_of_bounds")]),
    "a giant number": ({"limit": "9" * 5000}, [("limit", "out_of_bounds")]),
    "a line end": ({"session_id": "SECRET\n"}, [("session_id", "malformed")]),
    "no cursor": ({"cursor": "SECRET"}, [("cursor", "malformed")]),
    "several": ({"limit": "SECRET", "status": "SECRET"}, [("status", "unknown"), ("limit", "out_of_bounds")]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_by_name_and_never_echoed(name: str) -> None:
    values, errors = WRONG[name]
    with pytest.raises(ProblemError) as refused:
        read(a_query(**values))
    assert refused.value.code == "invalid_query"
    told = refused.value.errors or []
    assert [(error["field"], error["code"]) for error in told] == errors
    assert "SECRET" not in json.dumps(told)
