"""The output and the exit code of the commands, whatever the service answers."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from tests.clients.scripted import ID, generation
from unstuck.cli import exits, operators
from unstuck.cli.app import app
from unstuck.cli.session import Session
from unstuck.client import Client
from unstuck.exchange import Conditions, Patience

type Serve = Callable[[httpx.Request], httpx.Response]
type Run = Callable[..., Result]
ACCEPTED = {"generation_id": ID, "status": "pending", "version": 1, "urls": {"self": f"/v1/generations/{ID}"}}
CARDS = [{"number": n, "front": f"front {n}", "back": f"back {n}", "state": "proposed"} for n in range(1, 6)]
DONE = generation("succeeded", 9, progress=100, output={"suggestions": CARDS}, reviews="suggestions")


class Service:
    """Answers from a list, the last again and again, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers, self.calls = list(answers), []  # type: tuple[list[httpx.Response], list[httpx.Request]]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(call.content) for call in self.calls if call.content]


def ok(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): each for name, each in headers.items()})


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"type": "about:blank", "title": "That is not so.", "status": status, "code": code, "request_id": "r-1"}
    return ok(body, status, **headers)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("UNSTUCK_URL", "https://api.example")
    monkeypatch.setenv("UNSTUCK_TOKEN", "t-1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("COLUMNS", "FORCE_COLOR", "UNSTUCK_USER_KEY"):
        monkeypatch.delenv(name, raising=False)

    def runs(serve: Serve, *arguments: str, given: str | None = None, **environment: str) -> Result:
        def connect(url: str, token: str) -> Client:
            transport = httpx.MockTransport(serve)
            patience = Conditions(calls=Patience(tries=2), watching=Patience(tries=2))
            return Client(url, token, conditions=patience, transport=transport, sleep=lambda _seconds: None)

        return CliRunner().invoke(app, list(arguments), input=given, env=environment, obj=Session(connect=connect))

    return runs


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (problem(404, "not_found"), exits.NOT_FOUND, "unstuck list"),
        (ok({"message": "Not Found"}, 404), exits.NOT_FOUND, "Check the address"),
        (ok({"message": "Unauthorized"}, 401), exits.REFUSED, "unstuck login"),
        (ok({"message": "Forbidden"}, 403), exits.REFUSED, "UNSTUCK_TOKEN"),
        (problem(429, "rate_limited", retry_after="297"), exits.REFUSED, "Try again in 5 min"),
        (problem(400, "invalid_query"), exits.REFUSED, "Fix what is named"),
        (problem(409, "not_terminal"), exits.REFUSED, f"unstuck cancel {ID}"),
        (problem(500, "internal_error"), exits.UNAVAILABLE, "report it to the operator"),
        (ok({"message": "Service Unavailable"}, 503), exits.UNAVAILABLE, "Try again shortly"),
        (httpx.Response(200, text="<html>"), exits.UNAVAILABLE, "Check the address"),
        (httpx.Response(302, headers={"location": "/login"}), exits.UNAVAILABLE, "Check the address"),
    ],
)
def test_an_error_says_what_to_do_and_has_its_exit_code(run: Run, answer: httpx.Response, code: int, says: str) -> None:
    result = run(Service(answer), "dismiss", ID)
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert result.stdout == ""


def test_no_service_is_an_error_of_its_own(run: Run) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    result = run(away, "get", ID)
    assert result.exit_code == exits.UNAVAILABLE
    assert "refused" in result.stderr
    assert "network" in result.stderr


def test_an_error_in_json_says_all_that_is_known(run: Run) -> None:
    result = run(Service(problem(429, "rate_limited", retry_after="297")), "submit", "-", "--json", given="text")
    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, result.stdout) == (exits.REFUSED, "")
    assert (error["code"], error["retry_after"], error["retryable"], error["status"]) == (
        "rate_limited",
        297,
        True,
        429,
    )
    assert (error["request_id"], len(error["idempotency_key"])) == ("r-1", 36)


def test_a_submit_that_may_have_been_accepted_says_how_to_go_on(run: Run) -> None:
    result = run(Service(problem(503, "unavailable")), "submit", "-", given="text")
    assert result.exit_code == exits.UNAVAILABLE
    assert "--idempotency-key" in result.stderr


def test_what_is_wrong_with_which_field_is_said(run: Run) -> None:
    errors = [{"field": "source_text", "code": "string_too_short", "message": "too short"}]
    body = json.loads(problem(400, "validation_failed").content) | {"errors": errors}
    result = run(Service(ok(body, 400)), "submit", "-", given="text")
    assert result.exit_code == exits.REFUSED
    assert "  source_text: too short" in result.stderr


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        ("failed", {"code": "provider_timeout", "message": "slow"}, f"unstuck retry {ID}"),
        ("failed", {"code": "output_refused", "message": "no"}, "Try another text, or another model."),
        ("failed", {"code": "of_a_newer_service", "message": "no"}, "will probably fail again"),
        ("canceled", None, f"unstuck retry {ID}"),
    ],
)
@pytest.mark.parametrize("command", [["watch", ID], ["submit", "-", "--wait"], ["retry", ID, "--wait"]])
def test_a_generation_that_fails_is_exit_code_1(
    run: Run, status: str, error: Any, says: str, command: list[str]
) -> None:
    ended = generation(status, 9, **({"error": error} if error else {}))
    answers = [ok(ended)] if command[0] == "watch" else [ok(ACCEPTED, 202), ok(ended)]
    result = run(Service(*answers), *command, given="text")
    assert result.exit_code == exits.ENDED_BADLY
    assert says in result.stderr


def test_the_id_of_what_was_submitted_is_all_that_goes_to_stdout(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("größe", encoding="utf-8")
    service = Service(ok(ACCEPTED, 202))
    result = run(
        service, "submit", str(tmp_path / "text"), "--set", "count=5", "--set", "language=de", "--session", "s"
    )
    assert (result.exit_code, result.stdout) == (0, f"{ID}\n")
    assert service.bodies == [
        {"kind": "flashcards", "source_text": "größe", "count": 5, "language": "de", "session_id": "s"}
    ]


@pytest.mark.parametrize(
    ("kind", "field"),
    [("flashcards", "source_text"), ("story", "premise"), ("image", "prompt"), ("assistant", "sentence")],
)
def test_the_text_goes_where_the_kind_wants_it(run: Run, kind: str, field: str) -> None:
    service = Service(ok(ACCEPTED, 202))
    assert run(service, "submit", "-", "--kind", kind, given="words").exit_code == 0
    assert service.bodies == [{"kind": kind, field: "words"}]


def test_a_kind_of_ones_own_gets_its_fields_by_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "poem").write_text("roses", encoding="utf-8")
    service = Service(ok(ACCEPTED, 202))
    assert run(service, "submit", "--kind", "haiku", "--set", f"about=@{tmp_path / 'poem'}").exit_code == 0
    assert service.bodies == [{"kind": "haiku", "about": "roses"}]


def test_a_key_of_ones_own_comes_from_the_environment_or_is_asked_for_unseen(run: Run) -> None:
    service = Service(ok(ACCEPTED, 202))
    asked = run(service, "retry", ID, "--own-key", given="sk-typed-1\n")
    assert "sk-typed-1" not in asked.output
    run(service, "retry", ID, "--own-key", UNSTUCK_USER_KEY="sk-found-1")
    assert [body["user_provided_key"] for body in service.bodies] == ["sk-typed-1", "sk-found-1"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["submit"], "Pass a FILE"),
        (["submit", "/nowhere/text"], "cannot be read"),
        (["submit", "-", "--set", "count"], "NAME=VALUE"),
        (["submit", "-", "--kind", "haiku"], "--set NAME=@-"),
        (["list", "--status", "stuck"], "pending, running, succeeded"),
        (["list", "--limit", "0"], "limit"),
        (["list", "--fields", "input", "--json"], "--fields takes only"),
        (["list", "--fields", "output"], "needs --json"),
        (["get", ID, "--events", "--input"], "not both"),
        (["get"], "ID"),
        (["fly"], "fly"),
        (["watch", ID, "--timeout", "-1"], "timeout"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_asks_nobody(run: Run, arguments: list[str], says: str) -> None:
    service = Service(ok(DONE))
    result = run(service, *arguments, given="text")
    assert result.exit_code == exits.USAGE
    assert says in result.stderr
    assert service.calls == []


@pytest.mark.parametrize(
    ("gone", "says"), [("UNSTUCK_URL", "address is missing"), ("UNSTUCK_TOKEN", "token is missing")]
)
def test_what_is_missing_is_said(run: Run, gone: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(gone)
    result = run(Service(ok(DONE)), "list")
    assert result.exit_code == exits.USAGE
    assert says in result.stderr


def test_an_address_that_is_none_is_wrong_usage(run: Run) -> None:
    result = run(Service(ok(DONE)), "--url", "api.example", "list")
    assert result.exit_code == exits.USAGE
    assert "https://" in result.stderr


def test_login_keeps_what_works_for_this_user_alone_and_logout_forgets_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UNSTUCK_URL")
    monkeypatch.delenv("UNSTUCK_TOKEN")
    month = Service(ok(MONTH))
    result = run(month, "login", given="https://api.example\ntoken-1\n")
    assert result.exit_code == 0, result.output
    assert "token-1" not in result.output
    kept = tmp_path / "unstuck" / "login.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(month.calls) == 1
    service = Service(ok({"generations": [], "next_cursor": None}))
    assert run(service, "list").exit_code == 0
    assert service.calls[0].headers["authorization"] == "Bearer token-1"
    assert run(service, "logout").exit_code == 0
    assert not kept.exists()
    assert run(service, "list").exit_code == exits.USAGE


MONTH = {
    "month": "2026-01",
    "days": [],
    "total": {"calls": 1, "prompt_tokens": 1234, "completion_tokens": 2, "cost_usd": 0.5, "wasted_cost_usd": 0.25,
              "generations": 3},
    "limits": {
        "rates": [{"name": "create", "limit": 5, "window_seconds": 300, "remaining": 2, "reset_seconds": 61}],
        "running": {"limit": 10, "used": 1, "remaining": 9},
    },
}  # fmt: skip


def test_a_login_that_is_refused_keeps_nothing(run: Run, tmp_path: Path) -> None:
    assert run(Service(ok({"message": "Unauthorized"}, 401)), "login").exit_code == exits.REFUSED
    assert not (tmp_path / "unstuck" / "login.json").exists()


def test_what_login_kept_and_cannot_be_read_is_said(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "unstuck").mkdir()
    (tmp_path / "unstuck" / "login.json").write_text("{")
    monkeypatch.delenv("UNSTUCK_TOKEN")
    result = run(Service(ok(DONE)), "list")
    assert result.exit_code == exits.USAGE
    assert "unstuck login" in result.stderr
    assert run(Service(ok(MONTH)), "login", given="t-2\n").exit_code == 0


def test_the_usage_shows_the_limits(run: Run) -> None:
    result = run(Service(ok(MONTH)), "usage")
    assert "1,234" in result.stdout
    assert "2 of 5 left in any 5 min, one more in 61 s" in result.stdout
    assert "1 of 10" in result.stdout


@pytest.mark.parametrize(
    ("ceilings", "lines"),
    [
        ({}, []),
        ({"daily_spend_usd": {"limit": 5, "used": 1.25, "remaining": 3.75}}, ["spent today 1.25 of 5 USD"]),
        (
            {
                "daily_spend_usd": {"limit": 5, "used": 1.25, "remaining": 3.75},
                "monthly_spend_usd": {"limit": 40, "used": 40.5, "remaining": 0},
            },
            ["spent today 1.25 of 5 USD", "spent this month 40.5 of 40 USD"],
        ),
    ],
)
def test_the_usage_shows_the_ceilings_of_money_that_there_are(
    run: Run, ceilings: dict[str, Any], lines: list[str]
) -> None:
    limits: dict[str, Any] = {**MONTH["limits"], **ceilings}  # type: ignore[dict-item]
    shown = run(Service(ok({**MONTH, "limits": limits})), "usage").stdout
    assert [" ".join(line.split()) for line in shown.splitlines() if line.startswith("spent")] == lines


def test_watch_without_a_terminal_writes_a_line_a_change(run: Run) -> None:
    steps = [
        ok(generation("pending", 1, attempt=0)),
        ok(generation("running", 2, heartbeat_at="2026-01-31T08:00:01.000Z")),
        ok(generation("running", 2, heartbeat_at="2026-01-31T08:00:02.000Z"), etag='"b"'),
        ok(generation("running", 3, progress=40, attempt=2, stage="writing cards")),
        ok(DONE),
    ]
    result = run(Service(*steps), "watch", ID)
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert [line.split()[1] for line in lines] == ["pending", "running", "running", "succeeded"]
    assert "40 %  writing cards  attempt 2" in lines[2]
    assert "writing cards" in lines[2]
    assert "front 5" in result.stdout


def test_watch_in_json_writes_an_object_a_change(run: Run) -> None:
    steps = [ok(generation("running", 2)), ok(generation("running", 3, progress=40)), ok(DONE)]
    result = run(Service(*steps), "watch", ID, "--json")
    assert [json.loads(line)["version"] for line in result.stdout.splitlines()] == [2, 3, 9]
    assert result.stderr == ""


def test_a_submit_that_waits_in_json_answers_the_end_alone(run: Run) -> None:
    result = run(Service(ok(ACCEPTED, 202), ok(generation()), ok(DONE)), "submit", "-", "--wait", "--json", given="t")
    assert result.stderr == ""
    assert json.loads(result.stdout)["output"]["suggestions"] == CARDS


def test_a_watch_that_takes_too_long_ends_and_the_generation_goes_on(run: Run) -> None:
    result = run(Service(ok(generation())), "watch", ID, "--timeout", "0")
    assert result.exit_code == exits.NOT_YET
    assert f"unstuck watch {ID}" in result.stderr


def test_a_watch_that_is_interrupted_says_how_to_take_it_up_again(run: Run) -> None:
    def interrupt(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    result = run(interrupt, "watch", ID)
    assert result.exit_code == exits.INTERRUPTED
    assert "Interrupted." in result.stderr
    assert f"unstuck watch {ID}" in result.stderr


def test_control_characters_of_a_model_do_nothing_to_the_terminal(run: Run) -> None:
    wild = "\x1b]0;title\x07\x1b[31mred\x9b2J\u202etxt"
    output = {"suggestions": [{"number": 1, "front": wild, "back": "line\nline", "state": "proposed"}]}
    ended = generation("succeeded", 9, stage=wild, session_id=wild, output=output, reviews="suggestions")
    for arguments in (["get", ID], ["list"], ["review", ID], ["watch", ID]):
        body = {"generations": [ended], "next_cursor": None} if arguments == ["list"] else ended
        result = run(Service(ok(body)), *arguments, FORCE_COLOR="", NO_COLOR="1")
        assert result.exit_code == 0, result.output
        assert "red" in result.output
        assert not set("\x1b\x07\x9b\u202e") & set(result.output)


def test_the_list_in_json_may_have_outputs_in_pages_of_the_size_that_the_service_gives(run: Run) -> None:
    row = {**DONE, "output_omitted": True}
    service = Service(ok({"generations": [DONE, row], "next_cursor": None}))
    result = run(service, "list", "--all", "--fields", "output", "--json")
    first, second = json.loads(result.stdout)
    assert first["output"] == DONE["output"]
    assert second["output_omitted"] is True
    assert str(service.calls[0].url).endswith("/v1/generations?fields=output&limit=25")


def test_the_list_in_json_is_a_list_and_stops_at_its_limit(run: Run) -> None:
    three = [generation(version=n) for n in range(1, 4)]
    service = Service(*(ok({"generations": three, "next_cursor": cursor}) for cursor in ("a", "b")))
    result = run(service, "list", "--limit", "5", "--json", "--session", "s", "--kind", "story", "--status", "failed")
    assert [each["version"] for each in json.loads(result.stdout)] == [1, 2, 3, 1, 2]
    assert service.calls[0].url.params["limit"] == "5"
    assert service.calls[0].url.params["status"] == "failed"


def test_the_whole_id_is_in_the_list_however_narrow_the_terminal(run: Run) -> None:
    feed = ok({"generations": [generation(stage="writing a chapter " * 5)], "next_cursor": None})
    for columns in ("60", "80", "120"):
        result = run(Service(feed), "list", COLUMNS=columns)
        assert ID in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= int(columns)


def reviewed(*numbers: int, state: str = "accepted") -> httpx.Response:
    there = [{"number": n, "front": "f", "back": "b", "state": state} for n in numbers]
    return ok({"generation_id": ID, "version": 10, "suggestions": there})


def test_a_review_by_numbers_is_one_call(run: Run) -> None:
    service = Service(ok(DONE), reviewed(1, 2, 3, 5))
    result = run(service, "review", ID, "--accept", "1-2,5", "--reject", "3")
    assert result.exit_code == 0, result.output
    assert service.bodies == [
        {
            "decisions": [
                {"number": 1, "decision": "accepted"},
                {"number": 2, "decision": "accepted"},
                {"number": 3, "decision": "rejected"},
                {"number": 5, "decision": "accepted"},
            ]
        }
    ]


def test_all_and_an_edit(run: Run) -> None:
    service = Service(ok(DONE), reviewed(1, 2, 3, 4, 5), ok(DONE), reviewed(2))
    run(service, "review", ID, "--accept", "all")
    run(service, "review", ID, "--accept", "2", "--set", "front=new", "--json")
    assert [each["number"] for each in service.bodies[0]["decisions"]] == [1, 2, 3, 4, 5]
    assert service.bodies[1] == {"decisions": [{"number": 2, "decision": "accepted", "front": "new"}]}


def one(number: int, state: str) -> httpx.Response:
    return reviewed(number, state=state)


def test_a_key_decides_on_each_and_others_do_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = iter(["x", "er", "\x1b[A", "A", "r", "s", "e", "q"])
    monkeypatch.setattr("typer.getchar", lambda: next(keys))
    service = Service(ok(DONE), one(1, "accepted"), one(2, "rejected"), one(4, "accepted"), ok(DONE))
    result = run(service, "review", ID, given="new front\n\n", FORCE_COLOR="1")
    assert result.exit_code == 0, result.output
    assert [(call.url.path.rsplit("/", 1)[1], json.loads(call.content)) for call in service.calls[1:-1]] == [
        ("1", {"decision": "accepted"}),
        ("2", {"decision": "rejected"}),
        ("4", {"decision": "accepted", "front": "new front"}),
    ]
    assert "5 left to review" in result.output


@pytest.mark.parametrize("gone", ["", EOFError])
def test_a_review_ends_with_its_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, gone: Any) -> None:
    def press() -> str:
        if gone is EOFError:
            raise EOFError
        return ""

    monkeypatch.setattr("typer.getchar", press)
    service = Service(ok(DONE))
    assert run(service, "review", ID, FORCE_COLOR="1").exit_code == 0
    assert service.bodies == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--accept", "6"], "no suggestion 6"),
        (["--accept", "x"], "is not the number"),
        (["--accept", "1-"], "is not the number"),
        (["--accept", "3-1"], "no suggestion 3-1"),
        (["--accept", "1-99999999999"], "no suggestion"),
        (["--accept", "1", "--reject", "1-2"], "appears twice"),
        (["--accept", "1,2", "--set", "front=new"], "one number"),
        (["--reject", "1", "--set", "front=new"], "one number"),
    ],
)
def test_a_review_that_makes_no_sense_decides_nothing(run: Run, arguments: list[str], says: str) -> None:
    service = Service(ok(DONE))
    result = run(service, "review", ID, *arguments)
    assert result.exit_code == exits.USAGE
    assert says in result.stderr
    assert service.bodies == []


def test_what_has_no_suggestions_says_why(run: Run) -> None:
    for body, says in ((generation(), "it is running"), (generation("succeeded", 9, kind="story"), "it is succeeded")):
        result = run(Service(ok(body)), "review", ID)
        assert result.exit_code == exits.USAGE
        assert says in result.stderr


OUTPUTS: dict[str, tuple[Any, list[str]]] = {
    "story": ({"title": "A title", "chapters": [{"heading": "One", "text": "Once."}]}, ["A title", "One", "Once."]),
    "image": (
        {"images": [{"url": "https://p.example/1", "expires_at": "2026-01-31T08:00:00Z", "content_type": "image/png",
                     "bytes": 9, "sha256": "0", "width": 16, "height": 9}]},
        ["16 x 9", "https://p.example/1"],
    ),
    "assistant": (
        {"result": {"intent": "prioritization", "items": [{"task": "Eat", "quadrant": "do", "reason": "Hunger"}]}},
        ["prioritization", "Eat  do  Hunger"],
    ),
    "haiku": ({"lines": ["a", "b"]}, ['"lines"']),
}  # fmt: skip


@pytest.mark.parametrize("kind", OUTPUTS)
def test_the_output_of_each_kind_is_shown(run: Run, kind: str) -> None:
    output, says = OUTPUTS[kind]
    result = run(Service(ok(generation("succeeded", 9, kind=kind, output=output, reviews="suggestions"))), "get", ID)
    assert result.exit_code == 0, result.output
    assert [each for each in says if each not in result.stdout] == []


@pytest.mark.parametrize("command", ["doctor", "redrive", "bulk-retry"])
def test_an_operators_command_hands_over_its_options(run: Run, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(Service(ok(DONE)), command, "--stack", "s", "--limit", "none")
    assert result.exit_code == 2
    assert "'none' is not a whole number of 1 or more" in result.stderr + capfd.readouterr().err


@pytest.mark.parametrize("command", ["doctor", "redrive", "bulk-retry"])
def test_an_operators_help_is_that_of_the_tools(run: Run, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(Service(ok(DONE)), command, "--help")
    assert result.exit_code == 0
    assert "--stack" in result.stdout + capfd.readouterr().out


def test_cost_needs_neither_a_service_nor_aws(
    run: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("UNSTUCK_URL")
    result = run(Service(ok(DONE)), "cost", "--generations", "1000", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout + capfd.readouterr().out)["generations"] == 1000


@pytest.mark.parametrize("arguments", [["--help"], ["--stack", "s"]])
def test_outside_of_a_clone_an_operators_command_says_what_is_missing(
    run: Run, arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("unstuck.cli.operators.__file__", str(tmp_path / "site-packages" / "operators.py"))
    monkeypatch.chdir(tmp_path)
    result = run(Service(ok(DONE)), "doctor", *arguments)
    assert result.exit_code == exits.USAGE
    assert "clone" in result.stderr
    assert os.fspath(tmp_path) not in result.output


def test_no_command_is_without_json_but_the_handed_over(run: Run) -> None:
    listed = run(Service(ok(DONE)), "--help").stdout.split("Commands:")[1].split("Exit codes")[0]
    commands = [line.split()[0] for line in listed.splitlines() if line[:2] == "  " and line[2:3].isalpha()]
    assert {"submit", "get", "list", "watch", "cancel", "retry", "dismiss", "review", "cards", "usage"} < set(commands)
    for command in commands:
        assert "--json" in run(Service(ok(DONE)), command, "--help").output or command in operators.COMMANDS
