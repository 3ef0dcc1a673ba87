"""A ticket opens one connection of one owner, once and soon; the connection ends with the token that asked for it."""

from typing import Any

import pytest

from functions.live.sockets import SocketService
from functions.live.tickets import TicketService
from shared.domain.clock import epoch_milliseconds
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.store.connections import LONGEST_SECONDS, MOST_CONNECTIONS, TICKET_SECONDS, Connections, Pass
from shared.store.table import Table
from tests.factories import FakeClock, create_live_table
from tests.unit.requests import body_of

ARN = "arn:aws:execute-api:eu-central-1:000000000000:abc/live/$connect"
ORIGIN = "https://app.example"


@pytest.fixture
def connections(dynamodb: Any, clock: FakeClock) -> Connections:
    create_live_table(dynamodb, "live")
    return Connections(Table(dynamodb, "live", clock, sleep=lambda _seconds: None), clock)


@pytest.fixture
def stored(dynamodb: Any, connections: Connections) -> Any:
    del connections
    return lambda: dynamodb.scan(TableName="live")["Items"]


def now(clock: FakeClock) -> int:
    return epoch_milliseconds(clock.now()) // 1000


def asked(clock: FakeClock, owner: str = "alice", exp: Any = None, *, by_function: bool = False) -> Request:
    claims = {"sub": owner, "exp": now(clock) + 3600 if exp is None else exp}
    authorizer = {"lambda": claims} if by_function else {"jwt": {"claims": claims}}
    context = {"requestId": "r-1", "timeEpoch": now(clock) * 1000, "authorizer": authorizer}
    return Request({"routeKey": "POST /v1/live", "requestContext": context, "headers": {}})


def ticket_of(connections: Connections, request: Request) -> tuple[str, int]:
    body = body_of(TicketService(connections, "wss://live.example/live").issue(request))
    url, _, ticket = body["url"].partition("?ticket=")
    assert url == "wss://live.example/live"
    return ticket, body["ends_at"]


def judged(connections: Connections, ticket: Any = None, **headers: str) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "REQUEST", "methodArn": ARN, "headers": headers}
    event["queryStringParameters"] = None if ticket is None else {"ticket": ticket}
    return SocketService(connections, (ORIGIN,)).judge(event)


def lets_in(answer: dict[str, Any]) -> bool:
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", ARN)
    return bool(statement["Effect"] == "Allow")


def test_a_ticket_opens_its_owners_connection_once(connections: Connections, clock: FakeClock) -> None:
    ticket, ends_at = ticket_of(connections, asked(clock))
    first = judged(connections, ticket)
    assert lets_in(first)
    assert first["context"] == {"sub": "alice", "ends": ends_at}
    again = judged(connections, ticket)
    assert not lets_in(again)
    assert "alice" not in str(again)


@pytest.mark.parametrize(("after", "opens"), [(TICKET_SECONDS - 1, True), (TICKET_SECONDS, False), (86_400, False)])
def test_a_ticket_is_good_for_half_a_minute(
    connections: Connections, clock: FakeClock, after: int, opens: bool
) -> None:
    ticket, _ = ticket_of(connections, asked(clock))
    clock.pass_seconds(after)
    assert lets_in(judged(connections, ticket)) is opens


@pytest.mark.parametrize("forged", [None, "", "x", "0" * 32, "alice", "ticket", "é\ud800", "a" * 5_000])
def test_what_is_no_ticket_opens_nothing(connections: Connections, clock: FakeClock, forged: str | None) -> None:
    ticket, _ = ticket_of(connections, asked(clock))
    connections.open(Pass("alice", now(clock) + 60), "c-1")
    assert not lets_in(judged(connections, forged))
    assert lets_in(judged(connections, ticket)), "and uses up none"
    assert [each.connection_id for each in connections.of("alice")] == ["c-1"]


def test_the_hash_that_is_stored_of_a_ticket_opens_nothing(
    connections: Connections, clock: FakeClock, stored: Any
) -> None:
    ticket, _ = ticket_of(connections, asked(clock))
    [item] = stored()
    assert ticket not in str(item)
    assert not lets_in(judged(connections, item["pk"]["S"].partition("\0")[2]))


def test_two_tickets_of_two_owners_are_not_exchanged(connections: Connections, clock: FakeClock) -> None:
    tickets = [ticket_of(connections, asked(clock, owner))[0] for owner in ("alice", "bob")]
    assert len(set(tickets)) == 2
    assert [judged(connections, each)["context"]["sub"] for each in tickets] == ["alice", "bob"]


def test_a_page_that_may_not_call_the_api_opens_nothing_and_uses_up_no_ticket(
    connections: Connections, clock: FakeClock
) -> None:
    ticket, _ = ticket_of(connections, asked(clock))
    for origin in ("https://evil.example", "null", f"{ORIGIN}.evil.example", ORIGIN.upper(), ""):
        assert not lets_in(judged(connections, ticket, Origin=origin)), origin
    assert lets_in(judged(connections, ticket, Origin=ORIGIN))


def test_the_header_of_the_origin_is_found_in_whatever_case(connections: Connections, clock: FakeClock) -> None:
    ticket, _ = ticket_of(connections, asked(clock))
    assert not lets_in(judged(connections, ticket, origin="https://evil.example"))
    assert lets_in(judged(connections, ticket, origin=ORIGIN))


@pytest.mark.parametrize("by_function", [False, True])
@pytest.mark.parametrize("form", [int, str, float, lambda exp: f"{exp}.75", lambda exp: f"{float(exp):.9e}"])
def test_a_connection_ends_with_its_token_whoever_verified_it_and_however_the_claim_is_written(
    connections: Connections, clock: FakeClock, form: Any, by_function: bool
) -> None:
    expires = now(clock) + 600
    exp = int(float(form(expires))) if by_function else form(expires)
    _, ends_at = ticket_of(connections, asked(clock, exp=exp, by_function=by_function))
    assert ends_at == expires


def test_a_connection_ends_after_two_hours_however_long_its_token_lasts(
    connections: Connections, clock: FakeClock
) -> None:
    _, ends_at = ticket_of(connections, asked(clock, exp=now(clock) + 86_400))
    assert ends_at == now(clock) + LONGEST_SECONDS


def test_a_connection_past_its_end_is_told_nothing_even_before_dynamodb_has_deleted_it(
    connections: Connections, clock: FakeClock
) -> None:
    connections.open(Pass("alice", now(clock) + 60), "c-1")
    clock.pass_seconds(59)
    assert [each.connection_id for each in connections.of("alice")] == ["c-1"]
    clock.pass_seconds(1)
    assert connections.of("alice") == []
    assert [each.connection_id for each in connections.noted("alice")] == ["c-1"], "an erasure finds it"


def followed(connections: Connections, kind: str, owner: str, connection_id: str, ends: Any) -> int:
    context = {"eventType": kind, "connectionId": connection_id, "authorizer": {"sub": owner, "ends": ends}}
    return int(SocketService(connections, ()).follow({"requestContext": context})["statusCode"])


def test_what_opens_is_noted_with_its_end_and_what_closes_is_forgotten(
    connections: Connections, clock: FakeClock, stored: Any
) -> None:
    ends = now(clock) + 600
    assert followed(connections, "CONNECT", "alice", "c-1", str(ends)) == 200, "a gateway hands numbers over as text"
    [item] = stored()
    assert (item["pk"], item["sk"], item["expires_at"]) == ({"S": "alice"}, {"S": "c-1"}, {"N": str(ends)})
    assert followed(connections, "DISCONNECT", "bob", "c-1", ends) == 200
    assert len(stored()) == 1, "another owner's"
    assert followed(connections, "DISCONNECT", "alice", "c-1", ends) == 200
    assert stored() == []
    assert followed(connections, "DISCONNECT", "alice", "c-1", ends) == 200, "it may come twice"


def test_an_owner_has_eight_connections_at_most_and_another_is_not_counted(
    connections: Connections, clock: FakeClock
) -> None:
    ends, service = now(clock) + 600, TicketService(connections, "wss://x")
    for number in range(MOST_CONNECTIONS):
        assert service.issue(asked(clock)).status == 200
        assert followed(connections, "CONNECT", "alice", f"c-{number}", ends) == 200
    with pytest.raises(ProblemError) as refused:
        service.issue(asked(clock))
    assert refused.value.code == "too_many_connections"
    assert int(refused.value.headers["retry-after"]) > 0
    assert service.issue(asked(clock, "bob")).status == 200
    connections.close("alice", "c-3")
    assert service.issue(asked(clock)).status == 200


def test_tickets_that_were_given_together_open_no_more_than_that(connections: Connections, clock: FakeClock) -> None:
    tickets = [ticket_of(connections, asked(clock))[0] for _ in range(MOST_CONNECTIONS + 3)]
    assert all(lets_in(judged(connections, each)) for each in tickets)
    ends = now(clock) + 600
    answers = [followed(connections, "CONNECT", "alice", f"c-{number}", ends) for number in range(len(tickets))]
    assert answers == [200] * MOST_CONNECTIONS + [429] * 3
    assert len(connections.noted("alice")) == MOST_CONNECTIONS


def test_a_connection_that_has_ended_makes_room(connections: Connections, clock: FakeClock) -> None:
    for number in range(MOST_CONNECTIONS):
        connections.open(Pass("alice", now(clock) + 60), f"c-{number}")
    assert connections.is_full("alice")
    clock.pass_seconds(60)
    assert not connections.is_full("alice")
    assert connections.open(Pass("alice", now(clock) + 60), "c-new")
