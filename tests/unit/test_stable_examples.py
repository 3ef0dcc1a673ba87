"""Recorded answers keep the form and order of their ids, times and tokens, and reveal neither the run nor the
machine."""

import uuid
from datetime import UTC, datetime, timedelta

from docs.stable_examples import FIRST, Stable

BEGAN = datetime(2027, 3, 14, 15, 9, 26, tzinfo=UTC)


def moment(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def id_at(seconds: float) -> str:
    milliseconds = int((BEGAN.timestamp() + seconds) * 1000)
    return str(uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (0x2 << 62) | int(seconds)))


def stable() -> Stable:
    return Stable({"http://127.0.0.1:8123/api": "https://api.example.com"}, BEGAN.timestamp())


def test_times_keep_their_distances_and_begin_at_the_fixed_moment() -> None:
    found = stable().of({"created_at": moment(0), "deadline_at": moment(900), "month": "2027-03", "day": "2027-03-14"})
    created, deadline = (datetime.fromisoformat(found[name]) for name in ("created_at", "deadline_at"))
    assert created == FIRST
    assert deadline - created == timedelta(seconds=900)
    assert (found["month"], found["day"]) == (f"{FIRST:%Y-%m}", f"{FIRST:%Y-%m-%d}")


def test_times_in_seconds_and_in_tags_move_with_the_others() -> None:
    began = int(BEGAN.timestamp())
    found = stable().of({"ends_at": began + 60, "etag": f'"4-{began * 1000 + 5}"', "call": f"gen-{began}-{'ab' * 10}"})
    assert found["ends_at"] == FIRST.timestamp() + 60
    assert found["etag"] == f'"4-{int(FIRST.timestamp()) * 1000 + 5}"'
    assert found["call"].startswith(f"gen-{int(FIRST.timestamp())}-")


def test_an_id_stays_an_id_of_its_version_in_order_and_the_same_wherever_it_stands() -> None:
    one, two, other = id_at(1), id_at(2), str(uuid.uuid4())
    found = stable().of({"ids": [one, two], "address": f"/v1/generations/{one}", "request_id": other})
    first, second = (uuid.UUID(each) for each in found["ids"])
    assert (first.version, second.version, uuid.UUID(found["request_id"]).version) == (7, 7, 4)
    assert first < second
    assert found["address"] == f"/v1/generations/{first}"
    assert not {one, two, other} & {*found["ids"], found["request_id"]}


def test_the_same_recording_gives_the_same_and_what_is_none_of_these_stays() -> None:
    recorded = {"url": "http://127.0.0.1:8123/api/v1", "ticket": "0a" * 16, "tokens": 490, "text": "Founded in 1665."}
    found = stable().of(recorded)
    assert found == stable().of(recorded)
    assert found["url"] == "https://api.example.com/v1"
    assert found["ticket"] != recorded["ticket"]
    assert len(found["ticket"]) == 32
    assert (found["tokens"], found["text"]) == (490, "Founded in 1665.")
