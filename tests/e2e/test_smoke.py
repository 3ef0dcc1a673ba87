"""`unstuck smoke` on the running system: all its steps hold, and where one does not, it says which and why."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local import deployment
from local.stack import LocalStack
from operations.command import main
from tests.e2e import faults
from tests.e2e.owner import Owner

ORIGIN = "http://localhost:5173"


@pytest.fixture
def smoke(
    stack: LocalStack, alice: Owner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Any]:
    for name, value in deployment.environment(stack.endpoint).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UNSTUCK_TOKEN", stack.token(alice.name))

    def run(*arguments: str) -> tuple[int, dict[str, str]]:
        """Return the exit code, and what was seen by each step that failed."""
        where = ("--stack", deployment.STACK_NAME, "--url", stack.api_url)
        code = main(["smoke", "--json", *where, "--patience-seconds", "60", *arguments])
        steps = json.loads(capsys.readouterr().out)["steps"]
        return code, {step["name"]: step["seen"] for step in steps if not step["passed"]}

    yield run
    # As any that this owner has sent: each must have ended in order.
    keys = [item["sk"] for item in faults.items(stack, alice.name)]
    alice.generations += [key.removeprefix("G#") for key in keys if key.startswith("G#")]


def test_every_step_holds_on_a_deployment_that_works(
    stack: LocalStack, alice: Owner, smoke: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke() == (0, {})
    listed = alice.http.get("/v1/generations").json()["generations"]
    assert listed == [], "what it made is dismissed"
    assert alice.http.get("/v1/usage").json()["total"]["generations"] == 2
    assert main(["smoke", "--url", stack.api_url, "--origin", ORIGIN]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 11
    assert all(line.startswith("ok ") for line in told), told


def test_a_model_that_refuses_is_told_with_its_code_and_the_rest_is_looked_at(smoke: Any) -> None:
    code, failed = smoke("--model", "local/refuse")
    assert code == 1
    [(name, seen)] = failed.items()
    assert name == "its Location works, and it succeeds"
    assert "output_refused" in seen


def test_a_token_of_nobody_and_an_origin_that_is_not_allowed_are_told(stack: LocalStack, smoke: Any) -> None:
    code, failed = smoke("--token", stack.token("mallory", audience="others"), "--origin", "https://elsewhere.example")
    assert code == 1
    assert "401" in failed["a create is accepted"]
    assert "401" in failed["a second generation is canceled"]
    assert (
        "AllowedOrigins" in failed["a page of an allowed origin may call"]
        or "not 204" in (failed["a page of an allowed origin may call"])
    )


def test_an_address_where_something_else_answers_fails_every_step_and_breaks_none(
    stack: LocalStack, smoke: Any
) -> None:
    code, failed = smoke("--url", stack.issuer_url, "--patience-seconds", "1")
    assert code == 1
    assert {"health: the sweeper runs", "a create is accepted"} <= failed.keys()
    code, failed = smoke("--url", "http://127.0.0.1:9")
    assert code == 1
    assert "ConnectError" in failed["a create is accepted"]


@pytest.mark.usefixtures("smoke")
def test_without_a_token_or_an_address_it_could_not_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["smoke"]) == 2
    assert "--stack" in capsys.readouterr().err
    monkeypatch.delenv("UNSTUCK_TOKEN")
    assert main(["smoke", "--url", "http://127.0.0.1:9"]) == 2
    assert "UNSTUCK_TOKEN" in capsys.readouterr().err
