"""The cost model's arithmetic against examples that were worked out by hand, and its tables against what is shipped."""

import json
import math
import random
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from operations import idle_cost, prices
from operations.alternatives import alternatives
from operations.command import main
from operations.cost import METERS, Counts, bill
from operations.durations import Durations
from operations.footprint import FOOTPRINTS, footprint_of
from operations.prices import Price, PricesError
from operations.workload import Workload, expected
from shared import kinds
from shared.aws.metrics import Metric

PUBLISHED = prices.read()


def test_a_million_with_twenty_write_units_is_twelve_dollars_and_a_half() -> None:
    found = bill(Counts(write_units=20), PUBLISHED)
    assert found.made["DynamoDB, writes"] == pytest.approx(12.50)
    assert found.usd == found.made_usd == pytest.approx(12.50)


def test_each_count_has_its_price() -> None:
    counts = Counts(
        write_units=2,  # 1.25
        read_units=8,  # 1.00
        queue_requests=2,  # 0.80, and 0.20 since the queues are fair
        api_calls=3,  # 3.00
        invocations=5,  # 1.00
        worker_gb_seconds=3,  # 40.0002
        http_gb_seconds=0.03,  # 0.400002
        log_bytes=2_000,  # 1.00
        key_calls=1,  # 3.00
        object_writes=1,  # 5.00
        object_reads=1,  # 0.40
    )
    assert bill(counts, PUBLISHED).made_usd == pytest.approx(57.050202)


def test_what_is_kept_and_sent_is_apart() -> None:
    found = bill(Counts(kept_bytes=10_000, object_bytes=1_000_000, sent_bytes=10_000), PUBLISHED)
    assert found.made_usd == 0
    assert found.kept == pytest.approx({"DynamoDB, storage": 4.50, "S3, storage": 23.00, "Transfer out": 0.90})


def test_every_count_is_charged() -> None:
    assert {each.name for each in fields(Counts)} == set(METERS)


def test_ten_durations_that_scatter_as_models_do_share_a_wait_like_five() -> None:
    durations = Durations(30.0)
    assert 10 * durations.mean_seconds / durations.longest_of(10) == pytest.approx(5.02, abs=0.01)


def test_the_longest_of_some_is_what_draws_of_them_say() -> None:
    durations, chance = Durations(30.0), random.Random(1)
    drawn = [max(durations.quantile(chance.random()) for _ in range(10)) for _ in range(5_000)]
    assert durations.longest_of(10) == pytest.approx(sum(drawn) / len(drawn), rel=0.02)
    assert durations.longest_of(1) == 30.0


def test_durations_that_do_not_scatter_wait_for_nobody() -> None:
    assert Durations(30.0, sigma=0).longest_of(10) == 30.0
    assert Durations(24.0, sigma=0).beats(10.0) == 2


def test_beats_are_one_for_each_period_and_the_first_is_half_one_early() -> None:
    durations = Durations(30.0)
    steps = [durations.quantile((place + 0.5) / 20_000) for place in range(20_000)]
    assert durations.beats(10.0) == pytest.approx(sum(math.floor(each / 10 + 0.5) for each in steps) / 20_000, rel=0.01)


def test_a_worker_alone_is_billed_for_all_of_its_wait() -> None:
    counts = expected(Workload(side_by_side=1, sigma=0, worker_memory=1_024, polls=0))
    assert counts.worker_gb_seconds == pytest.approx(30.37, abs=0.05)  # GB-seconds: 1 GB for 30 s and the overhead
    assert counts.write_units == 19 + 3  # it beats after 5 s, 15 s and 25 s; at 30 s it is done
    assert counts.queue_requests == 3  # sent, received, deleted


def test_ten_side_by_side_pay_a_tenth_of_an_invocation() -> None:
    alone, together = (expected(Workload(side_by_side=count, sigma=0)) for count in (1, 10))
    assert together.worker_gb_seconds == pytest.approx(alone.worker_gb_seconds / 10, rel=0.05)
    assert together.queue_requests == 1.2
    assert together.write_units == alone.write_units


def test_a_poll_adds_a_call_an_invocation_and_a_read() -> None:
    four, five = (expected(Workload(polls=count)) for count in (4, 5))
    assert five.api_calls - four.api_calls == pytest.approx(1)
    assert five.invocations - four.invocations == pytest.approx(1)
    assert five.read_units - four.read_units == pytest.approx(1)


def test_a_key_of_the_users_own_adds_two_calls_of_kms() -> None:
    without, with_keys = expected(Workload()), expected(Workload(own_keys=0.5))
    assert (without.key_calls, with_keys.key_calls) == (0, 1)
    assert with_keys.write_units - without.write_units == pytest.approx(2)


def test_a_flashcards_generation_of_its_usual_time_writes_twenty_units_in_the_median() -> None:
    durations = Durations(float(kinds.load("flashcards").limits.usual_seconds))
    beats = sorted(math.floor(durations.quantile((place + 0.5) / 1_001) / 10 + 0.5) for place in range(1_001))
    assert FOOTPRINTS["flashcards"].write_units + beats[500] == 20


@pytest.mark.parametrize(("longest_poll_seconds", "usd"), [(2, 65), (60, 45)])
def test_a_million_at_thirty_seconds_under_load_costs_at_most_so_much(longest_poll_seconds: float, usd: float) -> None:
    assert bill(expected(Workload(longest_poll_seconds=longest_poll_seconds)), PUBLISHED).made_usd <= usd


@pytest.mark.parametrize("kind", sorted(FOOTPRINTS))
def test_a_longest_poll_of_two_seconds_is_a_plain_poll(kind: str) -> None:
    assert Workload(kind, 30.0, sigma=0).polls_each == 16  # 0.15 s in the queue and 30 s of work
    assert Workload(kind, 30.0, sigma=0, longest_poll_seconds=60).polls_each < 9


def test_what_was_counted_is_of_kinds_that_there_are() -> None:
    assert set(FOOTPRINTS) <= set(kinds.names())


def test_a_kind_that_nobody_has_counted_costs_by_its_calls() -> None:
    assert footprint_of("quiz") == replace(FOOTPRINTS["flashcards"], partial_messages=0)
    assert footprint_of("quiz", 5).write_units == FOOTPRINTS["story"].write_units
    assert footprint_of("story", 1) is FOOTPRINTS["story"], "a count is better than an expectation"


def test_the_defaults_are_the_templates() -> None:
    parameters = _parameters()
    workload = Workload()
    assert parameters["ProcessMemorySize"] == workload.worker_memory
    assert parameters["MemorySize"] == workload.http_memory
    assert parameters["StatusMemorySize"] == workload.status_memory
    assert parameters["CreateMemorySize"] == parameters["SweeperMemorySize"] == 0, "theirs is MemorySize"
    assert parameters["HeartbeatSeconds"] == workload.heartbeat_seconds
    assert parameters["LongestPollSeconds"] == workload.longest_poll_seconds
    assert parameters["BatchSize"] == workload.side_by_side


def _parameters() -> dict[str, float]:
    found, name = dict[str, float](), ""
    for line in idle_cost.TEMPLATE.read_text().split("\nResources:")[0].splitlines():
        if line.startswith("  ") and line[2:3].isalpha() and line.endswith(":"):
            name = line.strip(" :")
        elif line.startswith("    Default: ") and line.split()[1].replace(".", "").isdecimal():
            found[name] = float(line.split()[1])
    return found


def test_a_month_in_which_nobody_comes_is_made_of_what_the_template_creates_by_default() -> None:
    found = idle_cost.of_template()
    # Not those of the function that verifies tokens, of live connections (3), and of a limit for the deployment.
    assert found.alarms == idle_cost.TEMPLATE.read_text().count("Type: AWS::CloudWatch::Alarm") - 5 == 16
    assert (found.dashboards, found.keys) == (1, 1)
    assert found.metrics == len(Metric) - 1 + len(kinds.names())  # latency has the kind as a dimension
    usd = idle_cost.monthly(idle_cost.AtRest(alarms=10, dashboards=1, keys=1, metrics=7), PUBLISHED, 1_024)
    assert (usd["alarms"], usd["dashboards"], usd["KMS key"]) == (1.0, 3.0, 1.0)
    assert usd["custom metrics"] == pytest.approx(2.10)
    assert usd["polling of the queues"] == pytest.approx(0.5184)  # 2 queues, 5 pollers, every 20 s: 1,296,000
    assert 0.1 < usd["sweeper"] < 0.5


def test_a_changed_default_changes_what_an_unused_deployment_costs(tmp_path: Path) -> None:
    def with_default(parameter: str, value: str) -> idle_cost.AtRest:
        head, _, tail = idle_cost.TEMPLATE.read_text().partition(f"\n  {parameter}:\n")
        changed = tmp_path / "template.yaml"
        changed.write_text(
            f"{head}\n  {parameter}:\n{re.sub('(?m)^    Default: .*$', f'    Default: {value}', tail, count=1)}"
        )
        return idle_cost.of_template(changed)

    assert with_default("Live", "enabled").alarms == 19
    assert with_default("MaxDeploymentDailySpendUsd", '"20"').alarms == 17
    assert with_default("Dashboard", "disabled").dashboards == 0
    assert with_default("UserKeys", "disabled").keys == 0


def test_five_state_transitions_a_generation_are_a_hundred_and_twenty_five_dollars_a_million() -> None:
    work = Workload(sigma=0)
    http, waits, durable, each = alternatives(work, PUBLISHED)
    assert waits.usd - http.usd == pytest.approx(each.usd - _front_of_one_polled_often(work), abs=0.01)
    assert http.usd - _front(work) == pytest.approx(125.0)
    assert durable.usd - waits.usd == pytest.approx(3 * 8 + 0.0025 + 0.00056 - 125, abs=3.0)


def _front(work: Workload) -> float:
    from operations.workload import created, polled

    counts = created(work) + polled(work) + Counts(write_units=8)
    return bill(replace(counts, queue_requests=0, sent_bytes=0), PUBLISHED).made_usd


def _front_of_one_polled_often(work: Workload) -> float:
    return _front(replace(work, polls=15.5))


def test_a_price_says_where_it_is_from_and_when() -> None:
    for name, price in PUBLISHED.items():
        assert price.source.startswith("https://aws.amazon.com/"), name
        assert len(price.as_of) == 7, name
        assert price.each > 0 or price.unit.endswith("which are free"), name


def test_a_table_of_prices_of_ones_own_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = json.loads(prices.PUBLISHED.read_text())
    table["prices"]["write_unit"]["usd"] *= 2
    own = tmp_path / "own.json"
    own.write_text(json.dumps(table))
    assert prices.read(own)["write_unit"] == Price(**table["prices"]["write_unit"])
    assert main(["cost", "--prices", str(own), "--json"]) == 0
    dear = json.loads(capsys.readouterr().out)["usd_a_million"]["made"]["DynamoDB, writes"]
    assert main(["cost", "--json"]) == 0
    assert dear == pytest.approx(2 * json.loads(capsys.readouterr().out)["usd_a_million"]["made"]["DynamoDB, writes"])


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"prices": {"write_unit": {"usd": 1}}}', '{"prices": {}}'])
def test_what_is_no_table_of_prices_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.json"
    own.write_text(content)
    with pytest.raises(PricesError):
        prices.read(own)
    assert main(["cost", "--prices", str(own)]) == 2
    assert "PricesError" in capsys.readouterr().err


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["cost", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_users_own_figures_count(capsys: pytest.CaptureFixture[str]) -> None:
    usual = answer(capsys)
    assert usual["usd_a_month"]["usd"] == pytest.approx(
        usual["usd_a_million"]["usd"] / 10 + sum(usual["usd_a_month"]["standing"].values())
    )
    for option, value in (
        ("--model-seconds", "60"),
        ("--side-by-side", "1"),
        ("--polls", "30"),
        ("--worker-memory", "1024"),
        ("--kind", "story"),
        ("--heartbeat-seconds", "1"),
        ("--sigma", "1"),
        ("--own-keys", "1"),
    ):
        assert answer(capsys, option, value)["usd_a_million"]["usd"] > usual["usd_a_million"]["usd"], option


def test_the_text_says_what_a_million_a_month_and_nobody_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--generations", "2000000"]) == 0
    said = capsys.readouterr().out
    assert "2,000,000 flashcards generations a month" in said
    for word in ("DynamoDB, writes", "to make", "alarms", "in all", "Step Functions Standard", "durable"):
        assert word in said
    assert max(map(len, said.splitlines())) < 160


@pytest.mark.parametrize(
    "arguments",
    [
        ["--generations", "0"],
        ["--model-seconds", "-1"],
        ["--model-seconds", "nan"],
        ["--own-keys", "2"],
        ["--kind", "x"],
    ],
)
def test_figures_that_cannot_be_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["cost", *arguments])
    assert refused.value.code == 2
    assert "error" in capsys.readouterr().err


def test_live_pages_cost_messages_minutes_and_pushes_and_save_polls() -> None:
    without, nobody, one, two = (expected(Workload(live=live)) for live in (None, 0, 1, 2))
    assert (without.socket_messages, without.push_gb_seconds, without.stream_reads) == (0, 0, 0)
    changes = footprint_of("flashcards").head_changes + Workload().durations.beats(10)
    assert nobody.stream_reads == one.stream_reads == changes
    assert nobody.invocations == pytest.approx(without.invocations + changes)
    assert (nobody.socket_messages, nobody.socket_minutes) == (0, 0)
    assert nobody.read_units > without.read_units, "somebody has to look who is connected"
    assert one.socket_minutes == 0.5
    assert one.socket_messages == pytest.approx(changes + footprint_of("flashcards").partial_messages)
    assert two.socket_messages == 2 * one.socket_messages
    fast = Workload(model_seconds=3, live=1)
    assert expected(fast).socket_messages == pytest.approx(3 + fast.durations.beats(10) + 3), "one a second at most"
    assert one.api_calls < without.api_calls / 3
    assert {each.write_units for each in (without, nobody, one, two)} == {without.write_units}, "unchanged"


def test_a_kind_that_shows_no_text_while_it_is_written_pays_for_no_looks_and_messages_of_it() -> None:
    shows = {name: kinds.load(name).shows_partials for name in FOOTPRINTS}
    assert {name: footprint_of(name).partial_messages > 0 for name in FOOTPRINTS} == shows
    assert footprint_of("of_your_own", 3).partial_messages == 0
    image = expected(Workload(kind="image", live=1))
    changes = footprint_of("image").head_changes + Workload().durations.beats(10)
    assert image.socket_messages == pytest.approx(changes)


def test_the_command_knows_live_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--live", "1"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^WebSockets .*messages, 0\.5 minutes", text, re.MULTILINE)
    assert "Lambda, push" in text
    assert main(["cost"]) == 0
    assert "WebSockets" not in capsys.readouterr().out
