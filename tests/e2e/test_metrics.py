"""The operators' view of a running stack: a line for each end, the dashboard, and nothing for a poll."""

import json
from datetime import datetime
from typing import Any

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually
from tests.unit.emf import Series, lines_of, series_of


def told_by(stack: LocalStack, function: str) -> Series:
    return series_of("\n".join(stack.log_lines(function)))


def test_a_generation_leaves_its_latency_by_kind_once_in_the_workers_log(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit()
    view = alice.wait_for_end(generation_id)
    waited = (parsed(view["started_at"]) - parsed(view["created_at"])).total_seconds()
    ended = parsed(view["finished_at"]).timestamp()

    def looked_for(line: dict[str, Any]) -> bool:
        # Of all the generations on this stack another may have waited as long, to the millisecond; not also just now.
        return waited in told(line) and ended <= line["_aws"]["Timestamp"] / 1000 < ended + 5

    (line,) = eventually(
        lambda: [line for line in lines_of("\n".join(stack.log_lines("process"))) if looked_for(line)],
        lambda found: found != [],
    )
    assert {directive["Namespace"] for directive in line["_aws"]["CloudWatchMetrics"]} == {"unstuck"}
    assert line["Attempts"][told(line).index(waited)] == 1
    assert sum(line["SpentUsd"]) >= view["usage"]["cost_usd"] > 0
    took = (parsed(view["finished_at"]) - parsed(view["created_at"])).total_seconds()
    # The worker takes the time again, once the write of the end is through.
    latencies = told_by(stack, "process")["Kind=flashcards", "LatencySeconds"]
    assert [latency for latency in latencies if took <= latency < took + 5]


def told(line: dict[str, Any]) -> list[float]:
    return list(line.get("PendingSeconds", []))


def parsed(time: str) -> datetime:
    return datetime.fromisoformat(time)


def test_a_worker_that_was_lost_is_seen_as_a_rescue_and_as_a_second_attempt(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/slow:3")
    alice.wait_for(generation_id, lambda found: found["status"] == "running")
    faults.kill(faults.worker_of(stack, alice.name, generation_id))
    assert alice.wait_for_end(generation_id)["attempt"] == 2
    eventually(lambda: told_by(stack, "process"), lambda found: 2 in found["service=unstuck", "Attempts"])
    rescuers = [told_by(stack, name).get(("service=unstuck", "RescueGivenBack"), []) for name in ("status", "sweeper")]
    assert sum(map(sum, rescuers)) >= 1


def test_a_poll_writes_no_metric(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit()
    alice.wait_for_end(generation_id)
    before = len(lines_of("\n".join(stack.log_lines("status"))))
    for _ in range(5):
        alice.look(generation_id)
    assert len(lines_of("\n".join(stack.log_lines("status")))) == before


def test_the_dashboard_shows_this_stacks_own_resources(stack: LocalStack) -> None:
    cloudwatch = stack.client("cloudwatch")
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix="unstuck-")["DashboardEntries"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"])
    text = json.dumps(body)
    alarms = [alarm["AlarmArn"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]]
    (shown,) = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert sorted(shown) == sorted(alarms)
    queues = (stack.queue_url, stack.isolated_queue_url, stack.dead_letter_queue_url)
    always = [name for short, name in stack.function_names.items() if short not in ("live", "push")]
    names = [*always, stack.table_name, *(url.rpartition("/")[2] for url in queues)]
    assert [name for name in names if f'"{name}"' not in text] == []
    assert "${" not in text.replace("${PROP(", "")
