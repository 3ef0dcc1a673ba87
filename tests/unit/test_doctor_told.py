"""The doctor's output, its streams, and its exit codes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from operations import report
from operations.command import main
from operations.deployment import sweep_seconds
from operations.findings import RULES, Severity
from shared.domain.clock import SystemClock
from shared.store.sweeps import SweepMark
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, a_generation, an_input, store_over
from tests.unit.planted import day_off, foreign
from tests.unit.ward import OWNER, Ward, change_item

pytestmark = pytest.mark.any_kinds


@pytest.fixture
def ward(store: Store, dynamodb: Any, clock: FakeClock) -> Ward:
    return Ward.furnished(dynamodb, store, clock)


def test_owners_are_named_where_it_is_asked_for(ward: Ward) -> None:
    day_off(ward)
    found = ward.look()
    for shown in (report.doctor_text(found, show_owners=True), str(report.doctor_json(found, show_owners=True))):
        assert OWNER in shown
    for hidden in (report.doctor_text(found, show_owners=False), str(report.doctor_json(found, show_owners=False))):
        assert OWNER not in hidden
        assert "~" in hidden


def test_faults_come_before_notices(ward: Ward) -> None:
    foreign(ward)
    day_off(ward)
    text = report.doctor_text(ward.look(), show_owners=False)
    assert text.index("fault   usage_off_day") < text.index("notice  unknown_item")
    assert text.endswith("1 faults, 1 notices.")


def test_the_page_for_operators_lists_each_rule_with_its_severity() -> None:
    page = Path("docs/operating.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (fault|notice) \|", page, re.MULTILINE))
    assert listed == {code: str(rule.severity) for code, rule in RULES.items()}
    assert {rule.severity for rule in RULES.values()} == set(Severity)


def on_the_command_line(*more: str) -> int:
    return main(["doctor", "--table", SETTINGS.table_name, "--region", "eu-central-1", *more])


def test_the_exit_code_says_whether_something_was_found(dynamodb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock(SystemClock().now())
    store = store_over(dynamodb, clock)
    store.sweeps.put_sweep(SweepMark.of(clock.now(), 0, complete=True, oldest=None))
    head = store.admission.create(a_generation(clock), an_input())
    assert on_the_command_line() == 0
    assert "Nothing found." in capsys.readouterr().out
    change_item(dynamodb, head.user_id, f"G#{head.generation_id}", "due_at")
    assert on_the_command_line("--json") == 1
    [finding] = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["code"], finding["item"]) == ("not_in_index", f"G#{head.generation_id}")
    assert finding["owner"].startswith("~")


@pytest.mark.usefixtures("dynamodb")
def test_who_cannot_look_is_told_why_and_the_exit_code_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--table", "another", "--region", "eu-central-1"]) == 2
    assert "ResourceNotFoundException" in capsys.readouterr().err
    assert main(["doctor"]) == 2
    assert "--stack" in capsys.readouterr().err


@pytest.mark.usefixtures("dynamodb")
@pytest.mark.parametrize("arguments", [("bulk-retry", "--code", "x"), ("redrive",)])
def test_who_acts_must_say_where(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--table", "unstuck"]) == 2
    assert "--queue-url" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7_200), ("cron(0 * * * ? *)", 60)],
)
def test_how_often_the_sweeper_runs_is_read_from_its_schedule(schedule: str, wanted: float) -> None:
    assert sweep_seconds([{"ParameterKey": "SweepSchedule", "ParameterValue": schedule}]) == wanted
    assert sweep_seconds([]) == 60
