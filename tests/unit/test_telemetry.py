"""Metrics in CloudWatch's embedded format: one line, one series, and none for what is zero."""

import pytest

from shared.rescue import Outcome
from shared.telemetry import Metric, measure, measure_rescues
from tests.unit.emf import lines_of, metrics_of


def test_a_measure_is_one_line_of_embedded_metric_format(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Elsewhere")
    measure({Metric.SUCCEEDED: 2, Metric.SPENT_USD: 0.0125})
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 1
    (line,) = lines_of(printed)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Elsewhere"
    assert directive["Dimensions"] == [["service"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "Succeeded": "Count",
        "SpentUsd": "None",
    }
    assert (line["Succeeded"], line["SpentUsd"]) == ([2.0], [0.0125])
    assert isinstance(line["_aws"]["Timestamp"], int)


def test_all_functions_write_to_one_series_in_a_namespace_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
    for function in ("status", "sweeper"):
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", function)
        measure({Metric.STALE_FOUND: 1})
    lines = lines_of(capsys.readouterr().out)
    assert [line["service"] for line in lines] == ["unstuck", "unstuck"]
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in lines} == {"Unstuck"}


def test_what_is_zero_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    measure({Metric.SUCCEEDED: 0, Metric.FAILED: 3, Metric.SPENT_USD: 0.0})
    assert metrics_of(capsys.readouterr().out) == {"Failed": 3.0}


def test_where_all_is_zero_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    measure(dict.fromkeys(Metric, 0))
    measure({})
    assert capsys.readouterr().out == ""


def test_a_metric_of_one_line_is_not_carried_into_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    measure({Metric.FAILED: 1})
    measure({Metric.RELEASED: 1})
    assert [sorted(line.keys() - {"_aws", "service"}) for line in lines_of(capsys.readouterr().out)] == [
        ["Failed"],
        ["Released"],
    ]


@pytest.mark.parametrize(
    ("outcome", "metrics"),
    [
        (Outcome.CRASH_LOOP, {"StaleFound": 1.0, "Failed": 1.0}),
        (Outcome.EXPIRED, {"StaleFound": 1.0, "Failed": 1.0}),
        (Outcome.GIVEN_BACK, {"StaleFound": 1.0}),
        (Outcome.SENT_AGAIN, {"StaleFound": 1.0}),
        (Outcome.NOT_SENT, {"StaleFound": 1.0}),
    ],
)
def test_a_rescue_is_measured_by_what_it_did(
    outcome: Outcome, metrics: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    measure_rescues({outcome: 1})
    assert metrics_of(capsys.readouterr().out) == metrics


@pytest.mark.parametrize("outcome", [Outcome.NOTHING, Outcome.REARMED, Outcome.POSTPONED, Outcome.MOVED_ON])
def test_what_was_not_stale_or_was_rescued_by_another_is_not_measured(
    outcome: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    measure_rescues({outcome: 5, "gone": 2})
    assert capsys.readouterr().out == ""


def test_a_sweep_is_measured_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    measure_rescues({"given_back": 2, "expired": 1, "rearmed": 4}, errors=3)
    assert metrics_of(capsys.readouterr().out) == {"StaleFound": 3.0, "Failed": 1.0, "Errors": 3.0}
