"""`make run`: starts the stack, runs one generation visibly, and stays up until Ctrl-C.

Uses only the HTTP API, so any client can do the same.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from local import disk, llama, own_kinds, showing, timings
from local.build import BUILDS
from local.compiled import NotCompiledError
from local.emulator import KEPT_PORT
from local.processes import ChildFailedError
from local.stack import LocalStack, StackOptions
from local.state import kept_state
from local.texts import TextRefusedError, named, read_text

_PARTS = {
    "build": "functions built from template.yaml",
    "ministack": "AWS emulator started, IAM enforced",
    "servers": "token issuer and model server started",
    "deploy": "template.yaml deployed",
    "warm": "every function answered once",
}
_OPENROUTER = "https://openrouter.ai/api/v1"
_OWNER = "alice"
# The smallest model is slow and repetitive, so ask for only a few cards.
_ASKED_OF = {llama.NAME: {"count": 5}}


def main() -> int:
    """Return 0 after Ctrl-C, 1 if the stack did not start or the generation failed, 2 if the text was refused."""
    arguments = _arguments()
    # A terminal without the characters for a tick or a bar shows a question mark.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    console = Console(highlight=False)
    folders = [BUILDS, arguments.state or Path(tempfile.gettempdir())]
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)
    try:
        text = read_text(arguments.text)
        if (sentence := disk.too_little(folders)) is not None:
            console.print(f"[red]{escape(sentence)}[/]", soft_wrap=True)
            return 1
        return _run(text, arguments, console)
    except TextRefusedError as refused:
        console.print(f"[red]{escape(str(refused))}[/]", soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be gone
            console.print("\nStopped. All processes have ended.")
        return 0
    except (disk.FullError, ChildFailedError, NotCompiledError, own_kinds.OwnKindsError, OSError) as failure:
        _say_why(failure, folders, arguments, console)
        return 1


def _run(text: str, arguments: argparse.Namespace, console: Console) -> int:
    began = time.monotonic()
    with _options(arguments, console) as options, LocalStack(options) as stack:
        console.print(f"The stack is up after [bold]{time.monotonic() - began:.0f} s[/].")
        console.print("To follow the functions' logs, run in a second terminal: [bold]make logs[/]\n")
        result = _demonstrate(stack, text, arguments, console)
        if arguments.once or result == 2:
            return result
        console.print("\nThe stack runs until you press Ctrl-C.")
        threading.Event().wait()
    return 0


def _say_why(failure: Exception, folders: Sequence[Path], arguments: argparse.Namespace, console: Console) -> None:
    for line in (str(failure), *getattr(failure, "__notes__", ())):
        console.print(f"[red]{escape(line)}[/]", soft_wrap=True)
    if (sentence := disk.was_full(failure, folders)) is not None and not isinstance(failure, disk.FullError):
        console.print(f"[red]{escape(sentence)}[/]", soft_wrap=True)
    elif isinstance(failure, ChildFailedError) and arguments.state is not None and not arguments.fresh:
        console.print("[yellow]If the data of an earlier run causes this, start without it: make run FRESH=1[/]")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--text", type=Path, default=Path("examples/biology.txt"), help="a file with the text to make cards from"
    )
    parser.add_argument(
        "--model",
        default="",
        help=f"the model's name; {llama.NAME} is a real model that runs here; local/model_server lists the others",
    )
    parser.add_argument(
        "--origin",
        action="append",
        default=[],
        help="more origins whose pages may call the API, comma separated (ports 3000, 4173 and 5173 always may)",
    )
    parser.add_argument("--state", type=Path, help="a folder that keeps the data for the next run (default: none)")
    parser.add_argument("--fresh", action="store_true", help="start without the data of the last run")
    parser.add_argument("--fast", action="store_true", help="short heartbeats and leases, to watch recovery")
    parser.add_argument("--once", action="store_true", help="exit after printing the cards")
    return parser.parse_args()


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _options(arguments: argparse.Namespace, console: Console) -> Iterator[StackOptions]:
    with (
        _by_model(arguments.model, timings.parameters(fast=arguments.fast), console) as options,
        _kept(arguments, console) as state,
    ):
        origins = [origin for given in arguments.origin for origin in given.split(",") if origin]
        yield replace(
            options,
            allowed_origins=(*options.allowed_origins, *origins),
            state_dir=state,
            restartable=state is not None,
            warm=timings.WARM,
        )


@contextmanager
def _kept(arguments: argparse.Namespace, console: Console) -> Iterator[Path | None]:
    """Yield the folder with the data of the last run; None if this run starts without data and keeps none."""
    if arguments.state is None:
        yield None
        return
    with kept_state(arguments.state, fresh=arguments.fresh) as state:
        if state is None:
            console.print(
                "[yellow]Another make run uses this folder's data. This run starts without data and keeps none.[/]"
            )
        elif (state / KEPT_PORT).exists():
            console.print("Using the data of the last run. To start without it: [bold]make run FRESH=1[/]")
        yield state


@contextmanager
def _by_model(model: str, timed: Mapping[str, str], console: Console) -> Iterator[StackOptions]:
    key, url = os.environ.get("OPENROUTER_API_KEY"), os.environ.get("LLM_BASE_URL")
    plain = os.environ.get("LLM_PLAIN_HTTP_URL")

    def report(part: str, seconds: float) -> None:
        console.print(f"  [green]✓[/] {_PARTS.get(part, part):<42} [dim]{seconds:5.1f} s[/]")

    if model == llama.NAME:
        console.print("[bold]Unstuck[/] on this machine, with SmolLM2 on llama.cpp's server (no account, no key)")
        began = time.monotonic()
        with llama.LlamaServer() as server:
            report("SmolLM2 loaded", time.monotonic() - began)
            parameters = {**timed, "AllowedModels": model, "LlmProtocol": "llamacpp"}
            yield StackOptions(
                page=True, report=report, parameters=parameters, model_url=server.url, default_model=model
            )
    elif not (key or url or plain):
        console.print("[bold]Unstuck[/] on this machine, with a model server of its own (no account, no key)")
        yield StackOptions(page=True, report=report, parameters=timed, default_model=model or "local/stream:2")
    else:
        at = (plain or url or _OPENROUTER).rstrip("/")
        console.print(f"[bold]Unstuck[/] on this machine, with the model at {escape(at)}")
        yield StackOptions(
            page=True,
            report=report,
            parameters={**timed, "LlmPlainHttpUrl": plain.rstrip("/")} if plain else timed,
            model_url=at,
            api_key=key or "none",
            default_model=model or "openai/gpt-4o-mini",
        )


def _demonstrate(stack: LocalStack, text: str, arguments: argparse.Namespace, console: Console) -> int:
    token = stack.token(_OWNER, ttl_seconds=24 * 3600)
    headers = {"authorization": f"Bearer {token}"}
    # The stack is on this machine, so the environment's proxies and certificates are not used.
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=30, trust_env=False) as client:
        began = time.monotonic()
        answer = client.post("/v1/generations", json={"source_text": text, **_ASKED_OF.get(arguments.model, {})})
        if answer.status_code != 202:
            showing.explain(answer, console)
            return 2
        location = answer.json()["urls"]["self"]
        name = escape(named(arguments.text))
        console.print(f"POST /v1/generations [dim]({name}, {len(text):,} characters)[/] -> 202 {location}")
        found = showing.follow(client, location, console)
        console.print(f"{found['status']} after {time.monotonic() - began:.1f} s\n")
    showing.show_end(found, console)
    showing.show_the_page(stack.page_url, console)
    console.print(timings.described(stack, fast=arguments.fast))
    showing.show_how_to_go_on(stack, _OWNER, location, token, console)
    showing.show_how_to_operate(stack.endpoint, console)
    return 0 if found["status"] == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(main())
