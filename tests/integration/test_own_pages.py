"""Trying your own page on a local stack: its origin is allowed, and tokens are available."""

import sys

import jwt
import pytest
from rich.console import Console
from typer.testing import CliRunner

from local import run
from local.stack import LocalStack, StackOptions
from local.token_issuer import TokenIssuer
from unstuck.cli.app import app


def test_the_usual_ports_of_pages_are_admitted_and_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENROUTER_API_KEY", "LLM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    named = ["--origin", "http://localhost:8080,https://a.example", "--origin", "http://b.example"]
    monkeypatch.setattr(sys, "argv", ["make run", *named])
    with run._options(run._arguments(), Console(quiet=True)) as options:
        admitted = options.allowed_origins
    usual = [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 4173, 5173)]
    assert set(usual) < set(admitted)
    assert admitted[-3:] == ("http://localhost:8080", "https://a.example", "http://b.example")


@pytest.mark.parametrize(("arguments", "timings"), [([], set()), (["--fast"], {"HeartbeatSeconds", "LeaseSeconds"})])
def test_the_timings_are_the_templates_own_unless_short_ones_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], timings: set[str]
) -> None:
    for name in ("OPENROUTER_API_KEY", "LLM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["make run", *arguments])
    with run._options(run._arguments(), Console(quiet=True)) as options:
        given = set(options.parameters)
    assert {name for name in given if name.endswith("Seconds")} - {"DispatchGraceSeconds"} == timings
    assert "RateLimits" in given


def test_a_stack_hands_every_origin_to_the_template() -> None:
    stack = LocalStack(StackOptions(allowed_origins=("http://a.example", "http://b.example")))
    stack.issuer_url = stack.model_url = "http://127.0.0.1:1"
    assert stack.parameters["AllowedOrigins"] == "http://a.example,http://b.example"


def test_the_command_line_gets_a_token_for_anybody_from_the_local_issuer() -> None:
    with TokenIssuer() as issuer:
        named = {"UNSTUCK_ISSUER": issuer.issuer}
        ended = CliRunner().invoke(app, ["token", "alice", "--hours", "2"], env=named)
        claims = jwt.decode(ended.stdout.strip(), options={"verify_signature": False})
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("alice", 7200)


@pytest.mark.parametrize("issuer", ["", "nonsense", "http://127.0.0.1:1"])
def test_without_an_issuer_it_says_what_to_do(issuer: str) -> None:
    ended = CliRunner().invoke(app, ["token", "alice"], env={"UNSTUCK_ISSUER": issuer})
    assert ended.exit_code == 2
    assert "make run" in ended.stderr
