"""One suite for every DynamoDB here: the simulator's own, moto and MiniStack give the same answers.

Each case is a shape of request that the store sends. The known differences are at the end, case by case, and in
docs/aws.md.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.store.marshalling import marshal
from tests.factories import SETTINGS, FakeClock, moto_dynamodb
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.expressions import plain
from tests.simulation.table import FakeTable

TABLE = SETTINGS.table_name
_MOMENT = 1_767_225_600


@pytest.fixture(params=["fake", "moto", "ministack"])
def store_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dynamodb(store_name: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    if store_name == "fake":
        yield FakeDynamoDB(FakeTable(lambda: 0.0), TABLE)
    elif store_name == "ministack":
        yield request.getfixturevalue("ministack")
    else:
        with moto_dynamodb() as client:
            yield client


@pytest.fixture
def owner(clock: FakeClock) -> str:
    return f"owner {clock.token()}"


def key(owner: str, sk: str = "G#1") -> dict[str, Any]:
    return marshal({"pk": owner, "sk": sk})


def head(owner: str, sk: str = "G#1", **more: Any) -> dict[str, Any]:
    return key(owner, sk) | marshal({"status": "running", "fence": 2, "version": 3, "holder": "h-1"} | more)


def put(dynamodb: Any, *items: dict[str, Any]) -> None:
    for item in items:
        dynamodb.put_item(TableName=TABLE, Item=item)


def read(dynamodb: Any, owner: str, sk: str = "G#1") -> Any:
    return values_of(dynamodb.get_item(TableName=TABLE, Key=key(owner, sk), ConsistentRead=True).get("Item"))


def values_of(item: Any) -> Any:
    """Compare what numbers are, not how they are written."""
    return None if item is None else {name: (next(iter(value)), plain(value)) for name, value in item.items()}


def refused(send: Callable[[], Any]) -> tuple[str, Any, list[Any]]:
    """Return an error's code, the item that comes with it, and what each write of a transaction was refused for."""
    with pytest.raises(ClientError) as raised:
        send()
    response: Any = raised.value.response
    reasons = [(one["Code"], values_of(one.get("Item"))) for one in response.get("CancellationReasons", [])]
    return response["Error"]["Code"], values_of(response.get("Item")), reasons


def update(dynamodb: Any, owner: str, expression: str, condition: str | None = None, **values: Any) -> Any:
    """Update the head; `:x` stands for the value x, and only values that an expression uses are sent."""
    more: dict[str, Any] = {} if condition is None else {"ConditionExpression": condition}
    text = f"{expression} {condition or ''}"
    names = {
        f"#{name}": name for name in ("status", "fence", "holder", "kind", "fruitless_attempts") if f"#{name}" in text
    }
    more |= {"ExpressionAttributeNames": names} if names else {}
    more |= (
        {"ExpressionAttributeValues": marshal({f":{name}": value for name, value in values.items()})} if values else {}
    )
    return dynamodb.update_item(
        TableName=TABLE,
        Key=key(owner),
        UpdateExpression=expression,
        ReturnValues="ALL_NEW",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **more,
    )


def test_what_is_put_is_read_back(dynamodb: Any, owner: str) -> None:
    item = head(owner, cost=Decimal("0.010"), big=10**20, packed=b"\x00\x01", isolated=True, error={"code": "x"})
    put(dynamodb, item)
    assert read(dynamodb, owner) == values_of(item)
    assert read(dynamodb, owner, "G#2") is None


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ("attribute_exists(pk) AND #status IN (:a, :b)", {"a": "pending", "b": "running"}, True),
        ("attribute_exists(pk) AND #status IN (:a)", {"a": "pending"}, False),
        ("#fence = :fence AND #holder = :holder", {"fence": 2, "holder": "h-1"}, True),
        ("#fence = :fence AND #holder = :holder", {"fence": 2, "holder": "h-2"}, False),
        ("#fence = :fence", {"fence": Decimal("2.0")}, True),
        ("#fence = :fence", {"fence": "2"}, False),
        ("(attribute_not_exists(#fruitless_attempts) OR #fruitless_attempts < :max)", {"max": 3}, True),
        ("(attribute_not_exists(#fence) OR #fence < :max)", {"max": 2}, False),
        ("due_at <= :now", {"now": Decimal("1767225600.5")}, True),
        ("due_at > :now", {"now": Decimal("1767225600.5")}, False),
        ("absent <= :now", {"now": 1}, False),
        ("absent = :now", {"now": 1}, False),
        ("absent <> :now", {"now": 1}, True),
        ("attribute_not_exists(pk) OR due_at < :now", {"now": _MOMENT + 1}, True),
        ("NOT #fence = :fence OR #holder = :fence", {"fence": 3}, True),
        ("#fence = :a OR #fence = :b AND #holder = :b", {"a": 2, "b": 9}, True),
        ("#fence BETWEEN :a AND :b AND begins_with(#holder, :c)", {"a": 1, "b": 2, "c": "h-"}, True),
        ("#holder = :null", {"null": None}, False),
    ],
)
def test_a_condition_holds_or_not(
    dynamodb: Any, owner: str, condition: str, values: dict[str, Any], holds: bool
) -> None:
    item = head(owner, due_at=_MOMENT)
    put(dynamodb, item)
    marshalled = {f":{name}": {"NULL": True} if v is None else marshal({"v": v})["v"] for name, v in values.items()}
    names = {
        f"#{name}": name for name in ("status", "fence", "holder", "fruitless_attempts") if f"#{name}" in condition
    }

    def send() -> Any:
        return dynamodb.update_item(
            TableName=TABLE,
            Key=key(owner),
            UpdateExpression="SET seen = :seen",
            ConditionExpression=condition,
            ExpressionAttributeValues=marshalled | marshal({":seen": True}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    if holds:
        send()
        assert read(dynamodb, owner)["seen"] == ("BOOL", True)
    else:
        assert refused(send) == ("ConditionalCheckFailedException", values_of(item), [])
        assert read(dynamodb, owner) == values_of(item)


def test_an_update_sets_adds_keeps_and_removes(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner, stage="old", cost=Decimal("0.5")))
    expression = (
        "SET #holder = :h, #fence = if_not_exists(#fence, :zero) + :one, "
        "#fruitless_attempts = if_not_exists(#fruitless_attempts, :zero) + :one, started = if_not_exists(started, :h), "
        "version = if_not_exists(version, :one) REMOVE stage, nothing ADD cost :c, n :one"
    )
    answer = update(dynamodb, owner, expression, h="h-2", zero=0, one=1, c=Decimal("0.25"))
    expected = head(owner, holder="h-2", fence=3, fruitless_attempts=1, started="h-2", cost=Decimal("0.75"), n=1)
    assert values_of(answer["Attributes"]) == values_of(expected)
    assert read(dynamodb, owner) == values_of(expected)


def test_every_operand_is_of_the_item_before(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner, a=1, b=2))
    answer = update(dynamodb, owner, "SET a = b, b = a")
    assert values_of(answer["Attributes"]) == values_of(head(owner, a=2, b=1))


def test_an_update_creates_a_missing_item_unless_it_must_exist(dynamodb: Any, owner: str) -> None:
    send = partial(update, dynamodb, owner, "SET seen = :v", "attribute_exists(pk)", v=1)
    assert refused(send) == ("ConditionalCheckFailedException", None, [])
    assert read(dynamodb, owner) is None
    update(dynamodb, owner, "ADD seen :v", v=1)
    assert read(dynamodb, owner) == values_of(key(owner) | marshal({"seen": 1}))


def test_what_is_new_is_put_once(dynamodb: Any, owner: str) -> None:
    def put_new(holder: str) -> Any:
        return dynamodb.put_item(
            TableName=TABLE,
            Item=head(owner, holder=holder),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    put_new("first")
    first = values_of(head(owner, holder="first"))
    assert refused(lambda: put_new("second")) == ("ConditionalCheckFailedException", first, [])
    assert read(dynamodb, owner) == first


def test_a_delete_goes_by_its_condition_and_misses_nothing(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner, seen=5))

    def delete(seen: int) -> Any:
        return dynamodb.delete_item(
            TableName=TABLE,
            Key=key(owner),
            ConditionExpression="attribute_not_exists(pk) OR seen = :seen",
            ExpressionAttributeValues=marshal({":seen": seen}),
        )

    assert refused(lambda: delete(4))[0] == "ConditionalCheckFailedException"
    for _ in range(2):
        delete(5)
        assert read(dynamodb, owner) is None


def test_a_batch_is_read_and_deleted_in_one_call(dynamodb: Any, owner: str) -> None:
    put(dynamodb, *(head(owner, f"G#{number}") for number in range(3)))
    keys = [key(owner, f"G#{number}") for number in (2, 0, 9)]
    found = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
    assert sorted(item["sk"]["S"] for item in found["Responses"][TABLE]) == ["G#0", "G#2"]
    assert not found["UnprocessedKeys"]
    deleted = dynamodb.batch_write_item(RequestItems={TABLE: [{"DeleteRequest": {"Key": one}} for one in keys]})
    assert not deleted["UnprocessedItems"]
    assert [read(dynamodb, owner, f"G#{number}") is None for number in range(3)] == [True, False, True]


def writes_of(owner: str, holder: str = "h-1") -> list[dict[str, Any]]:
    told = {"TableName": TABLE, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return [
        {
            "Update": told
            | {
                "Key": key(owner),
                "UpdateExpression": "SET #status = :done REMOVE #holder",
                "ConditionExpression": "#holder = :holder",
                "ExpressionAttributeNames": {"#status": "status", "#holder": "holder"},
                "ExpressionAttributeValues": marshal({":done": "succeeded", ":holder": holder}),
            }
        },
        {
            "Update": told
            | {
                "Key": key(owner, "U#2026-01-01"),
                "UpdateExpression": "ADD generations :one",
                "ExpressionAttributeValues": marshal({":one": 1}),
            }
        },
        {"Put": told | {"Item": key(owner, "K#1"), "ConditionExpression": "attribute_not_exists(pk)"}},
        {"Delete": told | {"Key": key(owner, "Y#1")}},
    ]


def test_a_transaction_is_all_or_nothing_and_says_which_condition_failed(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner), key(owner, "Y#1"))

    def send(holder: str, token: str) -> Any:
        return dynamodb.transact_write_items(TransactItems=writes_of(owner, holder), ClientRequestToken=token)

    code, _, reasons = refused(lambda: send("h-2", f"{owner}-1"))
    assert code == "TransactionCanceledException"
    assert reasons == [("ConditionalCheckFailed", values_of(head(owner))), *[("None", None)] * 3]
    assert read(dynamodb, owner, "Y#1") is not None
    assert read(dynamodb, owner, "U#2026-01-01") is None
    send("h-1", f"{owner}-2")
    done = head(owner, status="succeeded")
    del done["holder"]
    assert read(dynamodb, owner) == values_of(done)
    assert read(dynamodb, owner, "U#2026-01-01")["generations"] == ("N", 1)
    assert read(dynamodb, owner, "Y#1") is None
    code, _, reasons = refused(lambda: send("h-1", f"{owner}-3"))
    assert reasons[0] == ("ConditionalCheckFailed", values_of(done))
    assert reasons[2] == ("ConditionalCheckFailed", values_of(key(owner, "K#1")))


def pages(dynamodb: Any, **arguments: Any) -> list[str]:
    """The sort keys of a whole query, page by page."""
    found: list[str] = []
    while True:
        answer = dynamodb.query(TableName=TABLE, **arguments)
        found += [item["sk"]["S"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@pytest.mark.parametrize("limit", [None, 1, 2, 5])
@pytest.mark.parametrize("forward", [True, False])
def test_a_query_finds_a_prefix_in_order_page_by_page(
    dynamodb: Any, owner: str, limit: int | None, forward: bool
) -> None:
    put(dynamodb, *(head(owner, sk) for sk in ("G#3", "G#1", "S#1#a", "G#2", "E#1", "G#4", "G#5")))
    more = {} if limit is None else {"Limit": limit}
    values = marshal({":pk": owner, ":prefix": "G#"})
    condition = "pk = :pk AND begins_with(sk, :prefix)"
    found = pages(
        dynamodb,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ConsistentRead=True,
        ScanIndexForward=forward,
        **more,
    )
    expected = [f"G#{number}" for number in range(1, 6)]
    assert found == (expected if forward else expected[::-1])


def test_a_query_between_two_keys_filters_and_projects(dynamodb: Any, owner: str) -> None:
    put(dynamodb, *(head(owner, f"G#{n}", status="running" if n % 2 else "failed") for n in range(6)))
    answer = dynamodb.query(
        TableName=TABLE,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        FilterExpression="#status IN (:a, :b)",
        ProjectionExpression="sk",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues=marshal(
            {":pk": owner, ":first": "G#1", ":last": "G#4", ":a": "running", ":b": "pending"}
        ),
    )
    assert answer["Items"] == [{"sk": {"S": "G#1"}}, {"sk": {"S": "G#3"}}]


def test_the_index_is_sparse_ordered_and_follows_the_item(dynamodb: Any, owner: str) -> None:
    shard = owner  # nobody else's
    put(
        dynamodb,
        head(owner, "G#late", due_shard=shard, due_at=Decimal("30.5")),
        head(owner, "G#early", due_shard=shard, due_at=9),
        head(owner, "G#never"),
        head(owner, "G#after", due_shard=shard, due_at=99),
    )

    def due() -> list[str]:
        return pages(
            dynamodb,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=marshal({":shard": shard, ":now": 50}),
        )

    assert due() == ["G#early", "G#late"]
    dynamodb.update_item(TableName=TABLE, Key=key(owner, "G#early"), UpdateExpression="REMOVE due_at, due_shard")
    assert due() == ["G#late"]


def test_an_unnamed_and_an_unused_value_are_refused(dynamodb: Any, owner: str) -> None:
    put(dynamodb, head(owner))
    assert refused(lambda: update(dynamodb, owner, "SET a = :a", b=1))[0] == "ValidationException"
    assert refused(lambda: update(dynamodb, owner, "SET a = :a", a=1, b=1))[0] == "ValidationException"


# The known differences.


def test_a_token_makes_a_transaction_happen_once_but_for_moto(dynamodb: Any, store_name: str, owner: str) -> None:
    put(dynamodb, head(owner))
    send = partial(
        dynamodb.transact_write_items,
        TransactItems=writes_of(owner),
        ClientRequestToken=f"{owner}",
    )
    send()
    if store_name == "moto":  # knows no tokens: the store recognises its own write instead
        assert refused(send)[0] == "TransactionCanceledException"
    else:
        send()
    assert read(dynamodb, owner, "U#2026-01-01")["generations"] == ("N", 1)


def test_values_of_two_types_are_in_no_order_but_moto_breaks_on_them(
    dynamodb: Any, store_name: str, owner: str
) -> None:
    put(dynamodb, head(owner))
    compare = partial(update, dynamodb, owner, "SET seen = :v", "#holder < :v", v=3)
    if store_name == "moto":
        with pytest.raises(TypeError):
            compare()
    else:
        assert refused(compare)[0] == "ConditionalCheckFailedException"


def test_a_reserved_word_needs_a_placeholder_but_the_fake_does_not_know_them(
    dynamodb: Any, store_name: str, owner: str
) -> None:
    put(dynamodb, head(owner))
    write = partial(update, dynamodb, owner, "SET seen = :v", "status = :s", v=3, s="running")
    if store_name == "fake":
        write()
        assert read(dynamodb, owner)["seen"] == ("N", 3)
    else:
        assert refused(write)[0] == "ValidationException"


def test_a_token_for_another_transaction_is_refused_by_the_fake_as_by_aws(
    dynamodb: Any, store_name: str, owner: str
) -> None:
    if store_name != "fake":
        pytest.skip("neither emulator compares the requests")
    put(dynamodb, head(owner))
    dynamodb.transact_write_items(TransactItems=writes_of(owner), ClientRequestToken="token")
    again = partial(
        dynamodb.transact_write_items,
        TransactItems=writes_of(owner, "h-2"),
        ClientRequestToken="token",
    )
    assert refused(again)[0] == "IdempotentParameterMismatchException"
