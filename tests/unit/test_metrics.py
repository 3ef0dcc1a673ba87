"""Metrics in CloudWatch's embedded format: one line per dimension, each generation once, and none for zeros."""

from dataclasses import replace

import pytest

from shared.aws.metrics import Metric, measure, measure_rescues
from shared.domain.diagnosis import RescueOutcome
from shared.domain.errors import AdmissionRefusedError, KeyReusedError, StoreUnavailableError
from shared.domain.generation import ErrorInfo
from shared.domain.states import Status
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response, respond
from tests.factories import an_end
from tests.unit.emf import lines_of, metrics_of, series_of


def test_a_measure_is_one_line_of_embedded_metric_format(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Elsewhere")
    measure({Metric.RELEASED: 2, Metric.SPENT_USD: 0.0125, Metric.OLDEST_PENDING_SECONDS: 61.5})
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 1
    (line,) = lines_of(printed)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Elsewhere"
    assert directive["Dimensions"] == [["service"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "Released": "Count",
        "SpentUsd": "None",
        "OldestPendingSeconds": "Seconds",
    }
    assert (line["Released"], line["SpentUsd"], line["OldestPendingSeconds"]) == ([2], [0.0125], [61.5])


def test_a_generation_that_has_ended_is_told_once_with_its_latency_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    measure({}, [an_end(kind="story", attempt=3)])
    assert series_of(capsys.readouterr().out) == {
        ("service=unstuck", "Succeeded"): [1],
        ("service=unstuck", "PendingSeconds"): [0.25],
        ("service=unstuck", "Attempts"): [3],
        ("service=unstuck", "SpentUsd"): [0.01],
        ("Kind=story", "LatencySeconds"): [3.5],
    }


def test_the_lines_of_a_generation_are_at_most_five_eighths_of_a_kilobyte(capsys: pytest.CaptureFixture[str]) -> None:
    measure({}, [an_end(kind="flashcards", after=12.345)])
    assert len(capsys.readouterr().out) <= 640, "CloudWatch Logs is paid for by the byte"


def test_ten_of_one_kind_are_two_lines_and_each_further_kind_is_one_more(capsys: pytest.CaptureFixture[str]) -> None:
    measure({}, [an_end(after=second) for second in range(1, 11)])
    printed = capsys.readouterr().out
    assert len(lines_of(printed)) == 2
    assert metrics_of(printed)["LatencySeconds"] == list(range(1, 11))
    measure({}, [an_end(kind=kind) for kind in ("story", "flashcards", "story", "image")])
    printed = capsys.readouterr().out
    assert len(lines_of(printed)) == 4
    found = series_of(printed)
    assert found["service=unstuck", "Succeeded"] == [4]
    assert found["Kind=story", "LatencySeconds"] == [3.5, 3.5]
    assert found["Kind=image", "LatencySeconds"] == [3.5]


def test_more_values_than_a_line_may_have_are_split_and_none_is_lost_or_told_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = 201
    measure({Metric.ERRORS: 3}, [an_end(Status.FAILED, after=number) for number in range(1, many + 1)])
    found = series_of(capsys.readouterr().out)
    assert found["Kind=flashcards", "LatencySeconds"] == list(range(1, many + 1))
    assert found["service=unstuck", "Attempts"] == [1] * many
    assert found["service=unstuck", "Failed"] == [many]
    assert found["service=unstuck", "Errors"] == [3]


def test_as_many_values_as_a_line_may_have_leave_no_empty_line_behind(capsys: pytest.CaptureFixture[str]) -> None:
    measure({}, [an_end() for _ in range(100)])
    assert metrics_of(capsys.readouterr().out)["LatencySeconds"] == [3.5] * 100


def test_a_failure_has_a_latency_and_attempts_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a service whose slow generations fail would look fast."""
    measure({}, [an_end(Status.FAILED, after=900, waited=1)])
    found = metrics_of(capsys.readouterr().out)
    assert (found["Failed"], found["LatencySeconds"], found["Attempts"]) == ([1], [900], [1])


def test_what_its_owner_cut_short_counts_and_costs_and_its_times_say_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure({}, [an_end(Status.CANCELED)])
    assert metrics_of(capsys.readouterr().out) == {"Canceled": [1], "SpentUsd": [0.01]}


def test_what_no_worker_ever_took_has_waited_all_along(capsys: pytest.CaptureFixture[str]) -> None:
    measure({}, [replace(an_end(Status.FAILED, after=900), started_at=None, attempt=0)])
    found = metrics_of(capsys.readouterr().out)
    assert (found["PendingSeconds"], found["Attempts"]) == ([900], [0])


def test_what_was_paid_with_an_owners_own_key_is_not_spent_by_the_deployment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure({}, [an_end(own_key=True)])
    assert "SpentUsd" not in metrics_of(capsys.readouterr().out)


def test_what_was_spent_beside_the_ended_is_added_to_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    measure({Metric.SPENT_USD: 0.5}, [an_end(), an_end()])
    assert metrics_of(capsys.readouterr().out)["SpentUsd"] == [pytest.approx(0.52)]


def test_no_line_names_an_owner_or_a_generation(capsys: pytest.CaptureFixture[str]) -> None:
    head = an_end(session_id="my session", client_id="my client")
    measure({}, [head])
    printed = capsys.readouterr().out
    assert not [text for text in (*head.key, "my session", "my client") if text in printed]


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
    measure({Metric.RELEASED: 0, Metric.ERRORS: 3, Metric.SPENT_USD: 0.0})
    assert metrics_of(capsys.readouterr().out) == {"Errors": [3]}


def test_where_all_is_zero_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    measure(dict.fromkeys(Metric, 0))
    measure({})
    assert capsys.readouterr().out == ""


def test_a_metric_of_one_line_is_not_carried_into_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    measure({Metric.LEASES_LOST: 1})
    measure({Metric.RELEASED: 1})
    assert [sorted(line.keys() - {"_aws", "service"}) for line in lines_of(capsys.readouterr().out)] == [
        ["LeasesLost"],
        ["Released"],
    ]


@pytest.mark.parametrize(
    ("outcome", "metric"),
    [
        (RescueOutcome.CRASH_LOOP, "RescueCrashLoop"),
        (RescueOutcome.EXPIRED, "RescueExpired"),
        (RescueOutcome.GIVEN_BACK, "RescueGivenBack"),
        (RescueOutcome.SENT_AGAIN, "RescueSentAgain"),
        (RescueOutcome.NOT_SENT, "RescueNotSent"),
    ],
)
def test_a_rescue_is_measured_by_what_it_did(
    outcome: RescueOutcome, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    measure_rescues({outcome: 2})
    assert metrics_of(capsys.readouterr().out) == {"StaleFound": [2], metric: [2]}


@pytest.mark.parametrize(
    "outcome", [RescueOutcome.NOTHING, RescueOutcome.REARMED, RescueOutcome.POSTPONED, RescueOutcome.MOVED_ON]
)
def test_what_was_not_stale_or_was_rescued_by_another_is_not_measured(
    outcome: RescueOutcome, capsys: pytest.CaptureFixture[str]
) -> None:
    measure_rescues({outcome: 5, "gone": 2})
    assert capsys.readouterr().out == ""


def test_every_outcome_is_either_measured_or_known_to_be_none_of_a_stale_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure_rescues(dict.fromkeys(RescueOutcome, 1))
    rescues = {name for name in metrics_of(capsys.readouterr().out) if name.startswith("Rescue")}
    assert rescues == {metric for metric in Metric if metric.startswith("Rescue")}
    assert len(rescues) == len(RescueOutcome) - 4


def test_that_none_was_open_beyond_its_bound_is_told_though_it_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    measure_rescues({}, beyond_bound=0)
    assert metrics_of(capsys.readouterr().out) == {"OpenBeyondBound": [0]}
    measure_rescues({})
    assert capsys.readouterr().out == "", "a poll that rescues says nothing of it"


def test_a_sweep_is_measured_with_what_it_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    report = {"given_back": 2, "expired": 1, "rearmed": 4}
    measure_rescues(report, [an_end(Status.FAILED, after=900, waited=2)], errors=3, oldest_pending_seconds=75.0)
    assert metrics_of(capsys.readouterr().out) == {
        "StaleFound": [3],
        "RescueGivenBack": [2],
        "RescueExpired": [1],
        "Errors": [3],
        "OldestPendingSeconds": [75],
        "Failed": [1],
        "Failures": [1],
        "PendingSeconds": [2],
        "Attempts": [1],
        "SpentUsd": [0.01],
        "LatencySeconds": [900],
    }


def test_failures_are_told_apart_by_their_code_and_a_code_of_no_register_is_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    codes = ["provider_timeout", "output_refused", "provider_timeout", "made_up_by_a_newer_one"]
    failed = [an_end(Status.FAILED, error=ErrorInfo(code, "x")) for code in codes]
    measure({}, [*failed, an_end(kind="story")])
    found = series_of(capsys.readouterr().out)
    assert {key: values for key, values in found.items() if key[-1] == "Failures"} == {
        ("Code=provider_timeout", "Failures"): [2],
        ("Code=output_refused", "Failures"): [1],
        ("Code=other", "Failures"): [1],
    }
    assert found["service=unstuck", "Failed"] == [4]
    assert found["service=unstuck", "Succeeded"] == [1]
    assert found["Kind=story", "LatencySeconds"] == [3.5]


def test_a_success_and_a_cancel_are_no_failures(capsys: pytest.CaptureFixture[str]) -> None:
    measure({}, [an_end(), an_end(Status.CANCELED)])
    assert "Failures" not in capsys.readouterr().out


@pytest.mark.parametrize("route", ["POST /v1/generations", "POST /v1/generations/{generation_id}/retry"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProblemError("validation_failed"), "validation_failed"),
        (AdmissionRefusedError("rate_limited", 5, None), "rate_limited"),
        (KeyReusedError(), "idempotency_key_reused"),
        (StoreUnavailableError("down"), "unavailable"),
    ],
)
def test_a_create_or_a_retry_that_is_refused_is_counted_by_its_code(
    capsys: pytest.CaptureFixture[str], route: str, error: Exception, code: str
) -> None:
    def refuse(_request: Request) -> Response:
        raise error

    respond({"routeKey": route, "requestContext": {"requestId": "r"}}, {route: refuse})
    assert series_of(capsys.readouterr().out)[f"Code={code}", "Refusals"] == [1]


def test_a_refusal_of_any_other_call_is_no_refused_create(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_request: Request) -> Response:
        raise ProblemError("not_found")

    for route in ("GET /v1/generations/{generation_id}", "POST /v1/generations/{generation_id}/cancel"):
        respond({"routeKey": route, "requestContext": {"requestId": "r"}}, {route: refuse})
    assert capsys.readouterr().out == ""
