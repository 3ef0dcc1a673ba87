"""Each change goes to the connections of its own owner, and a failure affects no other owner."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.push import handler as wiring
from functions.push.handler import changed
from functions.push.service import BUDGET_SECONDS, Push
from shared.aws.sockets import Sockets
from shared.domain.call_facts import CallFacts
from shared.domain.errors import (
    MESSAGE_LENGTH,
    ConnectionGoneError,
    NotPostedError,
    StoreUnavailableError,
    UnreadableError,
)
from shared.domain.generation import Called, ErrorInfo, Generation, GenerationKey, Totals, Usage
from shared.domain.pacing import heals_after_seconds
from shared.domain.states import Status
from shared.store.connections import YOUNG_SECONDS, Connections, Pass
from shared.store.table import Table
from shared.store.whole import Store
from shared.view.frames import MOST_BYTES, generation_frame
from shared.view.view import etag, view
from tests.factories import SETTINGS, FakeClock, a_generation, an_input, create_live_table, moto_dynamodb
from tests.unit.emf import series_of

pytestmark = pytest.mark.any_kinds

ENDS = 4_000_000_000


@dataclass
class Gateway(Sockets):
    """Keeps what was posted; a connection of `failing` raises instead, and each post takes `seconds`."""

    clock: FakeClock
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    seconds: float = 0.0

    def post(self, connection_id: str, message: bytes) -> None:
        self.clock.seconds += self.seconds
        if connection_id in self.failing:
            raise self.failing[connection_id]
        self.posted.append((connection_id, json.loads(message)))


class House:
    """A store, who is connected, and what tells them."""

    def __init__(self, client: Any, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.connections = Connections(Table(client, "live", clock, sleep=lambda _seconds: None), clock)
        self.gateway = Gateway(clock)
        self.push = Push(store.reads, self.connections, self.gateway, clock, SETTINGS)

    def running(self, **changes: Any) -> Generation:
        head = self.store.admission.create(a_generation(self.clock, **changes), an_input())
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), ("flashcards",))

    def connect(self, owner: str, connection_id: str) -> None:
        assert self.connections.open(Pass(owner, ENDS), connection_id)

    def told(self) -> list[tuple[str, str]]:
        return [(connection, message["generation"]["generation_id"]) for connection, message in self.gateway.posted]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        create_live_table(client, "live")
        yield client


@pytest.fixture
def house(dynamodb: Any, store: Store, clock: FakeClock) -> House:
    return House(dynamodb, store, clock)


def record(key: GenerationKey, kind: str = "MODIFY", sk: str | None = None) -> dict[str, Any]:
    keys = {"pk": {"S": key.owner}, "sk": {"S": sk or f"G#{key.generation_id}"}}
    return {"eventName": kind, "dynamodb": {"Keys": keys, "SequenceNumber": "1", "StreamViewType": "KEYS_ONLY"}}


def tell(house: House, *heads: Generation) -> Any:
    return house.push.tell(changed([record(head.key) for head in heads]))


def test_each_open_connection_of_the_owner_is_told_the_head_as_it_is_now(house: House, clock: FakeClock) -> None:
    head = house.running()
    house.connect(head.user_id, "c-1")
    house.connect(head.user_id, "c-2")
    house.connect("somebody else", "c-3")
    clock.pass_seconds(4)
    assert not tell(house, head)
    assert [connection for connection, _ in house.gateway.posted] == ["c-1", "c-2"]
    message = house.gateway.posted[0][1]
    assert message == json.loads(generation_frame(head, clock.now(), SETTINGS))
    assert message["type"] == "generation"
    assert message["generation"]["status"] == "running"
    assert message["generation"]["state"] == "working"
    assert message["look_after_seconds"] == SETTINGS.lease_seconds - 4 + 0.2


def test_the_hint_is_when_a_look_heals_a_lost_worker_or_message(house: House, clock: FakeClock) -> None:
    head = house.running()
    for late in (0, 39, 41, 500, 2_000):
        clock.pass_seconds(late)
        wait = heals_after_seconds(head, clock.now(), SETTINGS)
        assert wait >= 0
        healed = clock.now() + timedelta(seconds=wait)
        assert head.lease_over(healed, SETTINGS.lease_seconds)
    pending = a_generation(clock, due_at=clock.now() + timedelta(seconds=60))
    assert heals_after_seconds(pending, clock.now(), SETTINGS) == pytest.approx(60.2)


def test_an_end_is_told_without_its_output_and_without_a_hint(house: House) -> None:
    head = house.running()
    house.store.worker.fail(head, Totals(0, Usage()), ErrorInfo("output_invalid", "It does not fit."))
    house.connect(head.user_id, "c-1")
    tell(house, head)
    message = house.gateway.posted[0][1]
    assert message["generation"]["status"] == "failed"
    assert "look_after_seconds" not in message
    assert "output" not in message["generation"]
    ended = house.store.reads.get(head.key)
    assert ended is not None
    assert message["etag"] == etag(ended)


def test_nobody_connected_costs_one_read_and_nothing_of_any_generation(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = house.running()
    read: list[str] = []
    send = Table._send

    def noted(self: Table, *given: Any, **more: Any) -> Any:
        read.append(self._name)
        return send(self, *given, **more)

    monkeypatch.setattr(Table, "_send", noted)
    tell(house, head, head)
    assert read == ["live"]


def test_a_burst_of_changes_of_one_head_is_told_once(house: House) -> None:
    head = house.running()
    house.connect(head.user_id, "c-1")
    tell(house, *[head] * 100)
    assert len(house.gateway.posted) == 1


def test_what_is_new_or_gone_is_not_told(house: House) -> None:
    head = house.running()
    house.connect(head.user_id, "c-1")
    house.push.tell(changed([record(head.key, "INSERT"), record(head.key, "REMOVE")]))
    gone = GenerationKey(head.user_id, "01900000-0000-7000-8000-000000000000")
    assert not house.push.tell(changed([record(gone)]))
    assert house.gateway.posted == []


def test_one_bad_owner_in_a_batch_of_a_hundred_costs_nobody_else_a_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = [house.running() for _ in range(100)]
    for number, head in enumerate(heads):
        house.connect(head.user_id, f"c-{number}")
    bad, damaged, broken = heads[13], heads[31], heads[77]
    get, of = house.store.reads.get, house.connections.of

    def read(key: GenerationKey) -> Generation | None:
        if key == damaged.key:
            raise UnreadableError("status")
        if key == broken.key:
            raise RuntimeError(f"secret of {key.owner}")
        return get(key)

    def listed(owner: str) -> Any:
        if owner == bad.user_id:
            raise StoreUnavailableError("ThrottlingException")
        return of(owner)

    monkeypatch.setattr(house.store.reads, "get", read)
    monkeypatch.setattr(house.connections, "of", listed)
    failed = tell(house, *heads)
    assert failed == {"ThrottlingException": 1, "UnreadableError": 1, "unexpected": 1}
    expected = {head.generation_id for head in heads if head not in (bad, damaged, broken)}
    assert {generation_id for _, generation_id in house.told()} == expected


def test_a_connection_that_is_gone_is_forgotten_and_the_others_are_told(house: House, clock: FakeClock) -> None:
    head = house.running()
    house.connect(head.user_id, "c-gone")
    house.connect(head.user_id, "c-there")
    house.gateway.failing["c-gone"] = ConnectionGoneError()
    clock.pass_seconds(YOUNG_SECONDS + 1)
    assert not tell(house, head), "no fault"
    assert [connection for connection, _ in house.gateway.posted] == ["c-there"]
    assert [each.connection_id for each in house.connections.of(head.user_id)] == ["c-there"]


def test_a_young_connection_that_seems_gone_is_kept_since_its_handshake_may_not_have_ended(
    house: House, clock: FakeClock
) -> None:
    head = house.running()
    house.connect(head.user_id, "c-young")
    house.gateway.failing["c-young"] = ConnectionGoneError()
    clock.pass_seconds(YOUNG_SECONDS - 1)
    tell(house, head)
    house.gateway.failing.clear()
    tell(house, head)
    assert [connection for connection, _ in house.gateway.posted] == ["c-young"], "it is not deaf"


@pytest.mark.parametrize("code", ["ForbiddenException", "LimitExceededException", "ReadTimeoutError", "503"])
def test_a_post_that_fails_is_counted_and_costs_neither_the_connection_nor_the_others(house: House, code: str) -> None:
    head = house.running()
    house.connect(head.user_id, "c-1")
    house.connect(head.user_id, "c-2")
    house.gateway.failing["c-1"] = NotPostedError(code)
    assert tell(house, head) == {code: 1}
    assert [connection for connection, _ in house.gateway.posted] == ["c-2"]
    assert len(house.connections.of(head.user_id)) == 2


def test_a_slow_gateway_holds_a_batch_up_for_seconds_and_not_for_minutes(house: House, clock: FakeClock) -> None:
    head = house.running()
    others = [house.running(user_id=head.user_id) for _ in range(20)]
    for number in range(8):
        house.connect(head.user_id, f"c-{number}")
    house.gateway.seconds = 3.0
    failed = tell(house, head, *others)
    assert clock.seconds <= BUDGET_SECONDS + 3
    assert failed["too_late"] > 0


def test_the_handler_never_raises_and_says_what_failed_without_whose_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    head = house.running()
    house.connect(head.user_id, "c-1")
    house.gateway.failing["c-1"] = NotPostedError("ForbiddenException")
    monkeypatch.setattr(wiring, "_push", lambda: house.push)
    assert wiring.handler({"Records": [record(head.key)]}, None) == {}
    out = capsys.readouterr().out
    [line] = caplog.records
    assert vars(line)["failed"] == {"ForbiddenException": 1}
    assert head.user_id not in out + str(vars(line))
    assert series_of(out)
    assert wiring.handler({"Records": []}, None) == {}
    assert capsys.readouterr().out == "", "a quiet call writes nothing"


def the_largest(clock: FakeClock) -> Generation:
    """Return a head whose every field is as long as it can be."""
    now, wide = clock.now(), "\U0001f600"
    return replace(
        a_generation(clock),
        user_id="o" * 128,
        kind="k" * 40,
        status=Status.FAILED,
        version=999_999_999,
        attempt=10**6,
        progress=99,
        stage=wide * 40,
        heartbeat_at=now,
        started_at=now,
        finished_at=now,
        dismissed_at=now,
        not_before=now,
        usage=Usage(10**6, 10**12, 10**12, Decimal("123456789.123456789123"), Decimal("123456789.123456789123")),
        error=ErrorInfo("e" * 60, wide * MESSAGE_LENGTH),
        call=CallFacts(wide * 300, wide * 300, provider_call_id=wide * 300, finish=wide * 100),
        client_id="c" * 64,
        session_id="s" * 64,
        retry_of="r" * 36,
        retried_as="r" * 36,
        because="b" * 60,
        own_key=True,
    )


@pytest.mark.parametrize("status", [Status.FAILED, Status.RUNNING])
def test_the_largest_head_fits_in_a_message_that_is_billed_once(clock: FakeClock, status: Status) -> None:
    head = replace(the_largest(clock), status=status)
    frame = generation_frame(head, clock.now(), SETTINGS)
    shown = view(head)
    assert {"error", "stage", "client_id", "session_id", "retry_of", "dismissed_at"} <= set(shown)
    assert len(frame) < MOST_BYTES < 32 * 1024


class Refusing:
    """A client of API Gateway's that raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def post_to_connection(self, **_given: Any) -> None:
        raise self.error


def refused(code: str) -> Callable[[], Any]:
    from botocore.exceptions import ClientError

    error = ClientError({"Error": {"Code": code, "Message": "m"}}, "PostToConnection")
    return lambda: Refusing(error)


def test_what_the_gateway_says_of_a_connection_is_told_apart() -> None:
    from botocore.exceptions import ReadTimeoutError

    with pytest.raises(ConnectionGoneError):
        Sockets(refused("GoneException")).post("c", b"{}")
    with pytest.raises(NotPostedError, match="LimitExceededException"):
        Sockets(refused("LimitExceededException")).post("c", b"{}")
    with pytest.raises(NotPostedError, match="ReadTimeoutError") as failed:
        Sockets(lambda: Refusing(ReadTimeoutError(endpoint_url="https://x"))).post("c", b"secret")
    assert "secret" not in repr(failed.value)
