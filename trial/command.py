"""`unstuck try KIND`: runs a kind once, shows what happens, and prints its output."""

import argparse
import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.model_server import ModelServer
from shared import kinds
from trial.measured import Measured
from trial.place import place
from trial.screen import Screen

MOST_RUNS = 50
SUCCEEDED, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
_OPENROUTER = "https://openrouter.ai/api/v1"
_LOCAL_MODEL, _LOCAL_PAINTER, _REAL_MODEL = "local/stream:2", "local/image", "openai/gpt-4o-mini"
_MODEL_HELP = (
    "the model to use. Without a key, one of the local model server (local/model_server lists them). With "
    "OPENROUTER_API_KEY, or LLM_BASE_URL and the key that its server needs, a real one"
)


def main(argv: list[str] | None = None) -> int:
    """Return 0 if it succeeded, 1 if it failed, 2 if the kind or its fields are refused."""
    given = _parser().parse_args(argv)
    screen = Screen()
    try:
        body = {"kind": given.kind, **dict(_field(each) for each in given.fields)}
        if given.prompt_version:
            body["prompt_version"] = given.prompt_version
        with _model(given.model, given.kind) as settings, place(settings):
            measured = Measured()
            ended = max(_try(body, screen, measured) for _ in range(given.measure))
            if given.measure > 1:
                screen.lines(measured.lines(kinds.load(given.kind).limits))
            return ended
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unstuck try", description=__doc__)
    parser.add_argument("kind", choices=kinds.names(), metavar="KIND", help=", ".join(kinds.names()))
    parser.add_argument(
        "--set",
        dest="fields",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a field of the kind, such as count=5 or source_text=@file",
    )
    parser.add_argument("--model", default="", help=_MODEL_HELP)
    parser.add_argument("--prompt-version", default="", help="the prompt version (the newest)")
    parser.add_argument(
        "--measure",
        type=_several,
        default=1,
        metavar="N",
        help="run it N times, 2 to 50, and propose LIMITS from the measurements",
    )
    return parser


def _several(given: str) -> int:
    if not given.isascii() or not given.isdigit() or not 2 <= int(given[:4]) <= MOST_RUNS:
        raise argparse.ArgumentTypeError(f"pass 2 to {MOST_RUNS} runs, not {given!r:.20}")
    return int(given)


def _field(given: str) -> tuple[str, Any]:
    """Read NAME=VALUE as `unstuck submit` does: `@file` is a file's text, valid JSON is JSON, anything else is a
    text."""
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise ValueError(f"--set takes NAME=VALUE, not {given!r}.")
    if value.startswith("@"):
        return name, Path(value[1:]).read_text(encoding="utf-8-sig")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@contextmanager
def _model(name: str, kind: str) -> Iterator[dict[str, str]]:
    """Yield the settings of a model. A local server runs during the block, if needed."""
    key, url = os.environ.get("OPENROUTER_API_KEY", ""), os.environ.get("LLM_BASE_URL", "")
    if key or url:
        yield _settings((url or _OPENROUTER).rstrip("/"), "auto", name or _REAL_MODEL, key or "none")
        return
    usual = _LOCAL_PAINTER if kinds.load(kind).draws else _LOCAL_MODEL
    with ModelServer() as server:
        yield _settings(server.base_url, "openrouter", name or usual, "sk-trial")


def _settings(url: str, protocol: str, model: str, key: str) -> dict[str, str]:
    return {
        "LLM_BASE_URL": url,
        "LLM_PROTOCOL": protocol,
        "DEFAULT_MODEL": model,
        "IMAGE_MODEL": model,
        "ALLOWED_MODELS": "*",
        "TRIAL_API_KEY": key,
        "MAX_DAILY_SPEND_USD": "0",
        "RATE_LIMITS": "*=100/1",
        "LOG_LEVEL": "WARNING",
        "POWERTOOLS_LOG_LEVEL": "WARNING",
    }


def _try(body: dict[str, Any], screen: Screen, measured: Measured) -> int:
    # Imported only now: the functions read their settings when they are first used.
    from shared.aws.logs import logger  # noqa: PLC0415
    from trial.run import RefusedError, run  # noqa: PLC0415

    for handler in logger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)
    try:
        # The functions write metrics to stdout, which is only for the output here.
        with contextlib.redirect_stdout(io.StringIO()):
            ended = run(body, screen, measured)
    except RefusedError as refused:
        _explain(refused.problem)
        return REFUSED
    screen.result(ended.head, ended.steps)
    if "output" not in ended.view:
        return FAILED
    print(json.dumps(ended.view["output"], indent=2, ensure_ascii=False))
    return SUCCEEDED


def _explain(problem: dict[str, Any]) -> None:
    print(f"{problem.get('code')}: {problem.get('title')}", file=sys.stderr)
    for error in problem.get("errors", ()):
        print(f"  {error['field']}: {error['message']}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
