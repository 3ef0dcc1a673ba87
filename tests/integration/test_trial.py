"""`unstuck try`: a kind, run once in one process, over the worker's own code and the local model server."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from shared.domain.generation import Usage
from shared.kinds.contract import Limits
from tests.unit.test_own_kinds import KIND
from trial.command import main
from trial.measured import Measured

TEXT = Path("examples/biology.txt")
QUIET = ("OPENROUTER_API_KEY", "LLM_BASE_URL", "KINDS_PACKAGE")


def tried(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in QUIET} | variables
    argv = [sys.executable, "-m", "trial.command", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, timeout=120)  # noqa: S603


def refused_at_once(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run it in this process, which is much quicker: it is refused before anything starts. Return what it says."""
    try:
        code: object = main(list(arguments))
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert "Traceback" not in said.err
    return said.err


def test_it_shows_each_call_what_the_model_writes_and_what_it_cost_and_prints_the_output_alone() -> None:
    ended = tried("flashcards", "--set", f"source_text=@{TEXT}", "--set", "count=3", "--model", "local/stream:0.3")
    assert ended.returncode == 0, ended.stderr
    output = json.loads(ended.stdout)
    assert len(output["suggestions"]) == 3
    assert "call 1: flashcards of local/stream:0.3" in ended.stderr
    assert '"suggestions"' in ended.stderr, "what the model wrote, as it came"
    assert "succeeded, 1 calls" in ended.stderr
    [step] = [line.split() for line in ended.stderr.splitlines() if line.startswith("cards ")]
    assert step[2] == "1"


def test_a_story_shows_all_of_its_steps_and_takes_no_credentials_of_whoever_runs_it() -> None:
    ended = tried(
        "story", "--set", "premise=A lighthouse keeper finds a letter.", "--set", "chapters=2",
        "--model", "local/cards", AWS_PROFILE="of-nobody", AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    steps = [line.split()[0] for line in ended.stderr.partition("step ")[2].splitlines()[1:] if line[:1].isalpha()]
    assert steps == ["outline", "chapter-1", "chapter-2", "story"]


def test_fields_that_the_kind_does_not_take_are_refused_by_name() -> None:
    ended = tried("flashcards", "--set", "source_text=too short", "--set", "speed=9")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "validation_failed" in ended.stderr
    assert "source_text" in ended.stderr
    assert "speed" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("opera",), "flashcards"),
        (("story", "--set", "premise"), "NAME=VALUE"),
        (("story", "--set", "premise=@/nowhere/at/all"), "/nowhere/at/all"),
        *((("story", "--set", "premise=A keeper.", "--measure", n), "2 to 50") for n in ("1", "0", "51", "two", "-3")),
    ],
)
def test_wrong_usage_says_what_to_do(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str) -> None:
    assert said in refused_at_once(capsys, *arguments)


def test_a_prompt_version_that_is_not_there_is_refused() -> None:
    ended = tried("story", "--prompt-version", "77", "--set", "premise=A lighthouse keeper finds a letter.")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "prompt_version" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_generation_that_fails_says_its_code_and_prints_no_output() -> None:
    ended = tried("flashcards", "--set", f"source_text=@{TEXT}", "--model", "local/garbage")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "output_invalid" in ended.stderr
    assert "2 calls" in ended.stderr, "one repair turn is made, and paid for"


def test_what_is_released_is_tried_again_as_in_a_deployment() -> None:
    ended = tried("flashcards", "--set", f"source_text=@{TEXT}", "--model", "local/flaky:1")
    assert ended.returncode == 0, ended.stderr
    assert "attempt 1 ended with" in ended.stderr


def test_a_picture_is_drawn_and_described() -> None:
    ended = tried("image", "--set", "prompt=A lighthouse at night")
    assert ended.returncode == 0, ended.stderr
    [picture] = json.loads(ended.stdout)["images"]
    assert picture["content_type"] == "image/png"


def test_a_kind_outside_of_the_project_is_tried_in_the_same_way(tmp_path: Path) -> None:
    package = tmp_path / "acme_kinds"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "haiku.py").write_text(KIND)
    ended = tried("haiku", "--set", "word=rain", KINDS_PACKAGE="acme_kinds", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["lines"]


def test_several_runs_are_measured_and_what_to_declare_follows_from_them() -> None:
    fields = ("--set", "premise=A lighthouse keeper finds a letter.", "--set", "chapters=2", "--model", "local/cards")
    ended = tried("story", *fields, "--measure", "2")
    assert ended.returncode == 0, ended.stderr
    said = ended.stderr.rpartition("2 runs succeeded.")[2].splitlines()
    assert any(line.startswith("  half of them took at most") and "usual_seconds is 60" in line for line in said)
    assert any(line.startswith("  answers to outline: ") for line in said)
    assert any(line.startswith("  answers to chapter: ") for line in said)
    declared = r"usual_seconds=\d+, call_reserve_usd=0\.0\d+, max_completion_tokens=[\d_]+, \.\.\."
    assert re.fullmatch(rf"For the file: LIMITS = Limits\({declared}\)", said[-1])


def test_the_dearest_call_and_the_longest_answer_decide_and_a_failed_run_says_nothing_of_time() -> None:
    measured = Measured()
    assert list(measured.lines(Limits())) == [], "nothing to go by"
    for seconds in (4.2, 30.0, 5.1):
        measured.seconds.append(seconds)
    measured.answered("points", 300, Usage(1, 100, 80, Decimal("0.0011")))
    measured.answered("points", 500, Usage(1, 100, 1_234, Decimal("0.0089")))
    measured.answered("points", 320, Usage(1, 100, 90, Decimal("0.0012")))
    lines = list(measured.lines(Limits()))
    assert lines[0] == "3 runs succeeded."
    assert "  answers to points: 320 characters; its Prompt has expected_characters" in lines
    assert lines[-1] == (
        "For the file: LIMITS = Limits(usual_seconds=6, call_reserve_usd=0.014, max_completion_tokens=1_900, ...)"
    )
