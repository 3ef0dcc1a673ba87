"""The table's stream during a generation's life: only keys, and after the filter only those of heads."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
import yaml

from functions.push.handler import changed
from local.emulator import ACCESS_KEY, REGION
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.store.connections import Connections, Pass
from shared.store.table import Table
from shared.store.whole import Store
from tests.factories import (
    SETTINGS,
    FakeClock,
    a_generation,
    a_step,
    an_input,
    create_live_table,
    create_table,
    store_over,
)
from tests.unit.test_template import TEMPLATE, _Loader

SETTINGS_HERE = replace(SETTINGS, table_name="streamed")


@pytest.fixture(scope="module")
def push_source() -> dict[str, Any]:
    template = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return dict(template["Resources"]["PushSource"]["Properties"])


@pytest.fixture(scope="module")
def streams(ministack: Any) -> Iterator[Any]:
    """A client of the streams, of a table whose stream is as the template has it."""
    template = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    stream = template["Resources"]["Table"]["Properties"]["StreamSpecification"]["Fn::If"][1]
    create_table(ministack, SETTINGS_HERE.table_name)
    ministack.update_table(TableName=SETTINGS_HERE.table_name, StreamSpecification={"StreamEnabled": True, **stream})
    create_live_table(ministack, "live")
    session = boto3.Session(ACCESS_KEY, ACCESS_KEY, region_name=REGION)
    client = session.client("dynamodbstreams", endpoint_url=ministack.meta.endpoint_url)
    yield client
    client.close()


def records(streams: Any, ministack: Any) -> list[dict[str, Any]]:
    arn = ministack.describe_table(TableName=SETTINGS_HERE.table_name)["Table"]["LatestStreamArn"]
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += streams.get_records(ShardIterator=iterator)["Records"]
    return found


def passes(record: dict[str, Any], source: dict[str, Any]) -> bool:
    """Whether one of the template's filters lets a record through. They are of prefixes of texts alone."""

    def fits(value: Any, pattern: Any) -> bool:
        if isinstance(pattern, list):
            return any(str(value).startswith(each["prefix"]) for each in pattern)
        return all(name in value and fits(value[name], part) for name, part in pattern.items())

    patterns = [json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    assert all(set(pattern) == {"dynamodb"} for pattern in patterns), "AWS filters a stream by this alone"
    return any(fits(record, pattern) for pattern in patterns)


@pytest.fixture
def life(streams: Any, ministack: Any, clock: FakeClock) -> tuple[Generation, list[dict[str, Any]]]:
    """A generation from its create to its end, and what the stream says of it."""
    store: Store = store_over(ministack, clock, SETTINGS_HERE)
    head = store.admission.create(a_generation(clock), an_input())
    running = store.worker.claim(Called(head.key, head.fence), clock.token(), ("flashcards",))
    store.worker.store_step(running, a_step(clock))
    store.worker.succeed(running, Totals(1, Usage(1, 100, 50)), output_step="cards")
    of_ours = [each for each in records(streams, ministack) if each["dynamodb"]["Keys"]["pk"]["S"] == head.user_id]
    return head, of_ours


def test_a_record_holds_the_keys_and_nothing_of_the_item(life: tuple[Generation, list[dict[str, Any]]]) -> None:
    _, found = life
    assert len(found) >= 5, "an input, a head, a step and two changes of the head"
    for record in found:
        assert record["dynamodb"]["StreamViewType"] == "KEYS_ONLY"
        assert set(record["dynamodb"]["Keys"]) == {"pk", "sk"}
        assert not {"NewImage", "OldImage"} & set(record["dynamodb"])


def test_of_all_that_a_generation_writes_only_changes_of_its_head_are_pushed(
    life: tuple[Generation, list[dict[str, Any]]], push_source: dict[str, Any]
) -> None:
    head, found = life
    kept = [record for record in found if passes(record, push_source)]
    assert {record["dynamodb"]["Keys"]["sk"]["S"][:2] for record in found} >= {"I#", "G#", "S#"}
    assert {record["dynamodb"]["Keys"]["sk"]["S"] for record in kept} == {f"G#{head.generation_id}"}
    assert [record["eventName"] for record in kept] == ["INSERT", "MODIFY", "MODIFY"]
    assert changed(kept) == {head.user_id: [head.generation_id]}


def test_a_connection_costs_three_writes_and_a_look_at_them_one_read(
    streams: Any,  # noqa: ARG001 - which has made the table
    ministack: Any,
    clock: FakeClock,
) -> None:
    used: list[tuple[str, float]] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            def ask(**given: Any) -> Any:
                answer = getattr(ministack, name)(**given, ReturnConsumedCapacity="TOTAL")
                used.append((name, float(answer["ConsumedCapacity"]["CapacityUnits"])))
                return answer

            return ask

    counting: Any = Counting()
    connections = Connections(Table(counting, "live", clock), clock)
    owner = f"owner {clock.token()}"
    ticket, ends_at = connections.issue(owner, 4_000_000_000)
    assert connections.redeem(ticket) == Pass(owner, ends_at)
    assert connections.redeem(ticket) is None
    assert connections.open(Pass(owner, ends_at), "c-1")
    assert [each.connection_id for each in connections.of(owner)] == ["c-1"]
    writes = [(name, units) for name, units in used if name in ("put_item", "delete_item")]
    assert writes == [("put_item", 1.0), ("delete_item", 1.0), ("put_item", 1.0)]
    assert all(units <= 1 for name, units in used if name == "query")
