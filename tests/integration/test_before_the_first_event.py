"""While Lambda starts a function, nothing leaves the process, nothing is drawn at random, and nothing can fail a start.

Each built function is imported in a separate Python with the template's variables, where no server answers.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.build import BUILDS, built_tree
from local.emulator import VENV, runtime_packages

MADE = {
    "create": "_service",
    "status": "_healer",
    "actions": "_ground",
    "process": "_worker",
    "sweeper": "_sweep",
    "authorizer": "_service",
    "live": "_connections",
    "push": "_push",
}
"""The objects that each function makes once and keeps."""

WATCHED = """
import json, os, random, sys, traceback
found = {"left": [], "drawn": []}
NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}
def watch(event, arguments):
    if event in NETWORK:
        found["left"].append(f"{event}{arguments[1:]}")
sys.addaudithook(watch)
draw = os.urandom
def drawn(count):
    found["drawn"].append("".join(traceback.format_stack(limit=6)))
    return draw(count)
os.urandom = random._urandom = drawn
random.seed(1)
state = random.getstate()
"""
IMPORTED = """
import importlib
handler = importlib.import_module(f"functions.{sys.argv[1]}.handler")
found["moved"] = random.getstate() != state
found["made"] = getattr(handler, sys.argv[2]).cache_info().currsize
found["kinds"] = sorted(name for name in sys.modules if name.startswith("shared.kinds."))
"""
PYTHON = str((VENV / "bin" / "python").resolve())
TELL = "print(json.dumps(found), file=sys.stderr)\n"

VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "unstuck",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AMAZON_ROOTS_ONLY": "true",
    "TABLE_NAME": "table",
    "BUCKET_NAME": "bucket",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/queue",
    "ISOLATED_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/alone",
    "DEFAULT_MODEL": "some/model",
    "LLM_BASE_URL": "https://model.invalid/api/v1",
    "PROVIDER_KEY_PARAMETER": "/unstuck/key",
    "JWT_ISSUER": "https://issuer.invalid",
    "JWT_AUDIENCE": "unstuck",
    "TOKEN_ALGORITHM": "ES256",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}


def started(function: str, then: str = TELL, /, **changed: str | None) -> tuple[dict[str, Any], str]:
    """Import a handler as Lambda does, and return the observations and the log."""
    tree, runtime = built_tree(), runtime_packages(BUILDS / "runtime")
    path = [tree / f"{function.capitalize()}Function", tree / "SharedLayer" / "python", runtime]
    own = changed.get("PYTHONPATH")
    given = {**VARIABLES, **changed, "PYTHONPATH": os.pathsep.join([*map(str, path), *([own] if own else [])])}
    ended = subprocess.run(  # noqa: S603
        [PYTHON, "-S", "-s", "-B", "-c", WATCHED + IMPORTED + then, function, MADE[function]],
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stderr.splitlines()[-1]), ended.stdout


@pytest.mark.parametrize("function", MADE)
def test_all_is_made_with_no_word_to_the_network_and_nothing_drawn(function: str) -> None:
    found, log = started(function)
    assert (found["left"], found["drawn"], found["moved"]) == ([], [], False)
    assert (found["made"], log) == (1, "")


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA", "HS256"])
def test_a_token_of_another_algorithm_needs_no_network_to_start_either(algorithm: str) -> None:
    found, _ = started("authorizer", TOKEN_ALGORITHM=algorithm, JWT_SECRET_PARAMETER="/unstuck/secret")
    assert (found["left"], found["made"]) == ([], 1)


@pytest.mark.parametrize("function", ["create", "process"])
def test_the_kinds_that_are_taken_are_loaded(function: str) -> None:
    found, _ = started(function, ENABLED_KINDS="story,image")
    assert {"shared.kinds.story", "shared.kinds.image"} <= set(found["kinds"])
    assert "shared.kinds.assistant" not in found["kinds"]


@pytest.mark.parametrize("function", ["create", "status", "actions", "process", "sweeper"])
def test_a_start_without_credentials_makes_nothing_and_looks_for_none_in_the_network(function: str) -> None:
    without: dict[str, Any] = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
    for none in (without, dict.fromkeys(without, "")):
        found, log = started(function, **none)
        assert (found["left"], found["made"], log) == ([], 0, "")


ASK = """
class Context:
    def get_remaining_time_in_millis(self):
        return 30_000
event = {"Records": [], "routeKey": "GET /v1/usage", "headers": {}, "requestContext": {"requestId": "r"}}
event["requestContext"] |= {"authorizer": {"jwt": {"claims": {"sub": "alice", "exp": "99999999999"}}}, "http": {}}
try:
    found["answer"] = handler.handler(event, Context())
except Exception as error:
    found["raised"] = repr(error)
"""


@pytest.mark.parametrize("function", ["process", "sweeper", "status"])
def test_what_cannot_be_made_is_logged_and_met_again_by_the_first_event(function: str) -> None:
    found, log = started(function, ASK + TELL, TABLE_NAME=None)
    assert found["made"] == 0
    assert "not prepared before the first event" in log.splitlines()[0]
    assert "TABLE_NAME is not set" in log.splitlines()[0]
    told = found.get("raised") or json.dumps(found["answer"]) + "".join(log.splitlines()[1:])
    assert "TABLE_NAME is not set" in told


@pytest.mark.parametrize(
    "broken",
    [
        "raise RuntimeError('no such plan')",
        "import sys; sys.exit(3)",
        "import asyncio; raise asyncio.CancelledError",
        "class Panic(BaseException): ...\nraise Panic",
    ],
)
def test_a_kind_of_the_deployments_own_that_cannot_be_imported_ends_no_start(tmp_path: Path, broken: str) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "__init__.py").touch()
    (tmp_path / "ours" / "aaa.py").write_text(broken)
    found, log = started("process", KINDS_PACKAGE="ours", PYTHONPATH=str(tmp_path))
    assert found["made"] == 1
    assert {"shared.kinds.flashcards", "shared.kinds.story"} <= set(found["kinds"])
    assert log.count("not prepared before the first event") == 1


def test_a_log_level_that_there_is_not_ends_no_start() -> None:
    found, _ = started("process", POWERTOOLS_LOG_LEVEL="LOUD", TABLE_NAME=None)
    assert found["made"] == 0


def test_outside_of_lambda_an_import_makes_nothing() -> None:
    found, log = started("process", AWS_LAMBDA_FUNCTION_NAME=None)
    assert (found["made"], log) == (0, "")
