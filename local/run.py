"""`make run`: brings the stack up, sends one text through it before your eyes, and stays up until Ctrl-C.

Uses nothing but the HTTP API: what it does, any client can do.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from local import deployment, llama, timings
from local.emulator import KEPT_PORT
from local.processes import ChildFailedError
from local.stack import LocalStack, StackOptions
from local.state import kept_state

_PARTS = {
    "build": "functions built from template.yaml",
    "ministack": "AWS emulator started, IAM enforced",
    "servers": "token issuer and model server started",
    "deploy": "template.yaml deployed",
    "warm": "every function answered once",
}
_OPENROUTER = "https://openrouter.ai/api/v1"
_OWNER = "alice"
_TERMINAL = ("succeeded", "failed", "canceled")
# The smallest model writes slowly and repeats itself: a few cards are what can be waited for.
_ASKED_OF = {llama.NAME: {"count": 5}}


def main() -> int:
    """Return 0 after Ctrl-C, 1 when the text did not become cards, 2 when it could not be sent."""
    arguments = _arguments()
    console = Console(highlight=False)
    try:
        text = arguments.text.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        console.print(f"[red]{escape(str(arguments.text))} cannot be read as UTF-8 text:[/] {escape(str(error))}")
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    try:
        with _options(arguments, console) as options, LocalStack(options) as stack:
            console.print(f"The stack is up after [bold]{time.monotonic() - began:.0f} s[/].\n")
            result = _demonstrate(stack, text, arguments, console)
            if arguments.once or result == 2:
                return result
            console.print("\nThe stack stays up until you press Ctrl-C.")
            threading.Event().wait()
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
    except ChildFailedError:
        if arguments.state is not None and not arguments.fresh:
            console.print("[yellow]If this is for the data of an earlier run, begin without it: make run FRESH=1[/]")
        raise
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--text", type=Path, default=Path("examples/biology.txt"), help="the text to make cards of")
    parser.add_argument(
        "--model",
        default="",
        help=f"the model's name; {llama.NAME} is a real one that runs here; see local/model_server for the others",
    )
    parser.add_argument(
        "--origin",
        action="append",
        default=[],
        help="an origin whose pages may call the API, beside ports 3000, 4173 and 5173; several with commas",
    )
    parser.add_argument("--state", type=Path, help="a folder for data that the next run goes on with (none is kept)")
    parser.add_argument("--fresh", action="store_true", help="begin without the data of the last run")
    parser.add_argument("--fast", action="store_true", help="short heartbeats and leases, to watch faults heal")
    parser.add_argument("--once", action="store_true", help="end when the cards are printed")
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
        )


@contextmanager
def _kept(arguments: argparse.Namespace, console: Console) -> Iterator[Path | None]:
    """Yield where the data is that this run goes on with; None for one that begins with none and keeps none."""
    if arguments.state is None:
        yield None
        return
    with kept_state(arguments.state, fresh=arguments.fresh) as state:
        if state is None:
            console.print(
                "[yellow]Another make run holds the data of this folder: this one begins without, and keeps none.[/]"
            )
        elif (state / KEPT_PORT).exists():
            console.print("It goes on with the data of the last run; [bold]make run FRESH=1[/] begins without.")
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
    with httpx.Client(base_url=stack.api_url, headers={"authorization": f"Bearer {token}"}, timeout=30) as client:
        began = time.monotonic()
        answer = client.post("/v1/generations", json={"source_text": text, **_ASKED_OF.get(arguments.model, {})})
        if answer.status_code != 202:
            _explain(answer, console)
            return 2
        location = answer.json()["urls"]["self"]
        console.print(f"POST /v1/generations [dim]({arguments.text}, {len(text):,} characters)[/] -> 202 {location}")
        found = _follow(client, location, console)
        console.print(f"{found['status']} after {time.monotonic() - began:.1f} s\n")
    if found["status"] == "succeeded":
        _show_cards(found, console)
    else:
        error = found.get("error", {})
        console.print(f"[red]{error.get('code')}[/]: {escape(error.get('message', ''))} (see docs/errors.md)")
    _show_the_page(stack.page_url, console)
    console.print(timings.described(stack, fast=arguments.fast))
    _show_how_to_go_on(stack, location, token, console)
    _show_how_to_operate(stack.endpoint, console)
    return 0 if found["status"] == "succeeded" else 1


def _explain(answer: httpx.Response, console: Console) -> None:
    problem = answer.json()
    console.print(f"[red]{answer.status_code} {problem.get('code', '')}[/]: {problem.get('title', problem)}")
    for error in problem.get("errors", []):
        console.print(f"  {error['field']}: {escape(error['message'])}")


def _follow(client: httpx.Client, location: str, console: Console) -> dict[str, Any]:
    with Live(console=console, refresh_per_second=10) as live:
        while True:
            answer = client.get(location)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            live.update(_line(found))
            if found["status"] in _TERMINAL:
                return found
            time.sleep(0.2)


def _line(found: dict[str, Any]) -> Table:
    line = Table.grid(padding=(0, 2))
    color = {"succeeded": "green", "failed": "red", "canceled": "red", "running": "cyan"}.get(found["status"], "yellow")
    beat = found.get("heartbeat_at")
    age = f"heartbeat {_age_seconds(beat):.0f} s ago" if beat and found["status"] == "running" else ""
    line.add_row(
        f"[{color}]{found['status']:<9}[/]",
        ProgressBar(total=100, completed=found["progress"], width=32),
        f"{found['progress']:3d} %",
        f"attempt {found['attempt']}",
        f"[dim]{found.get('stage', '')}[/]",
        f"[dim]{age}[/]",
    )
    return line


def _age_seconds(moment: str) -> float:
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())


def _show_cards(found: dict[str, Any], console: Console) -> None:
    cards = Table(show_header=True, header_style="bold", box=None, padding=(0, 2, 0, 0))
    cards.add_column("#", justify="right", style="dim")
    cards.add_column("front", ratio=5)
    cards.add_column("back", ratio=6)
    for number, card in enumerate(found["output"]["suggestions"], 1):
        cards.add_row(str(number), escape(card["front"]), escape(card["back"]))
    console.print(cards)
    usage = found["usage"]
    console.print(
        f"\n[dim]{usage['calls']} call, {usage['prompt_tokens']} + {usage['completion_tokens']} tokens, "
        f"{usage['cost_usd']:.6f} USD[/]"
    )


def _show_the_page(url: str, console: Console) -> None:
    console.print("\n[bold]Open the page[/]; under Faults you can kill the worker and watch it heal:")
    print(url)


def _show_how_to_go_on(stack: LocalStack, location: str, token: str, console: Console) -> None:
    # Printed without wrapping, so that the lines can be copied; the address holds a $.
    console.print(f"\n[bold]Try it[/] in a second terminal, as the user {_OWNER} (the token is valid for a day):")
    print(f"export API='{stack.api_url}'")
    print(f"export TOKEN={token}")
    print(f'curl -H "Authorization: Bearer $TOKEN" "$API{location}"')
    console.print("\n[bold]Or with the command line[/], after these two exports (docs/cli.md has more):")
    print('export UNSTUCK_URL="$API" UNSTUCK_TOKEN="$TOKEN"')
    print(".venv/bin/unstuck list")
    print(".venv/bin/unstuck submit examples/biology.txt --model local/stream:30 --wait")
    console.print("\n[bold]Or with a page of your own[/] (docs/clients.md), as any user, who gets a token like this:")
    print(f"export UNSTUCK_ISSUER={stack.issuer_url}")
    print(".venv/bin/unstuck token alice")
    console.print("[dim]Pages of these origins may call the API; make run ORIGIN=http://... adds more:[/]")
    print(*stack.options.allowed_origins)


def _show_how_to_operate(endpoint: str, console: Console) -> None:
    console.print("\n[bold]Look after it[/], as whoever runs it (docs/operating.md has more):")
    print("export", *(f"{name}={value}" for name, value in deployment.environment(endpoint).items()))
    print(f".venv/bin/unstuck doctor --stack {deployment.STACK_NAME}")


if __name__ == "__main__":
    sys.exit(main())
