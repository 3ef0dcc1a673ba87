"""The terminal output of `make run`: the running stack and its generation. Starts nothing."""

import os
import time
import urllib.request
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from local import deployment
from local.stack import LocalStack

_TERMINAL = ("succeeded", "failed", "canceled")
# These variables would make AWS's tools ignore the printed lines.
_MISLEADING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_SESSION_TOKEN",
)


def explain(answer: httpx.Response, console: Console) -> None:
    """Show why the API refused a call."""
    problem = answer.json()
    console.print(f"[red]{answer.status_code} {problem.get('code', '')}[/]: {problem.get('title', problem)}")
    for error in problem.get("errors", []):
        console.print(f"  {error['field']}: {escape(error['message'])}")


def follow(client: httpx.Client, location: str, console: Console) -> dict[str, Any]:
    """Show a generation's progress until it has ended, and return it."""
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


def show_end(found: dict[str, Any], console: Console) -> None:
    """Show the cards. If there are none, show why, and where to look."""
    if found["status"] == "succeeded":
        _show_cards(found, console)
        return
    error = found.get("error", {})
    console.print(f"[red]{error.get('code')}[/]: {escape(error.get('message', ''))} (see docs/errors.md)")
    console.print(
        "To see its worker's log, run this in a second terminal and look for 'the attempt ended' and 'ended':"
    )
    print(f"make logs ID={found['generation_id']}")


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


def show_the_page(url: str, console: Console) -> None:
    """Show the page's address."""
    console.print("\n[bold]Open the page[/]. Under Faults, you can kill a worker and watch the generation recover:")
    print(url)


def show_how_to_go_on(stack: LocalStack, owner: str, location: str, token: str, console: Console) -> None:
    """Show how to call the API, in lines to copy: unwrapped, and with a $ in the address."""
    console.print(
        f"\n[bold]Call the API[/] from a second terminal, as the user {owner} (the token is valid for a day):"
    )
    if urllib.request.getproxies() and not urllib.request.proxy_bypass("127.0.0.1"):
        print("export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost")
    print(f"export API='{stack.api_url}'")
    print(f"export TOKEN={token}")
    print(f'curl -H "Authorization: Bearer $TOKEN" "$API{location}"')
    console.print("\n[bold]Or use the command line[/], after these exports (more in docs/cli.md):")
    print('export UNSTUCK_URL="$API" UNSTUCK_TOKEN="$TOKEN"')
    print(".venv/bin/unstuck list")
    print(".venv/bin/unstuck submit examples/biology.txt --model local/stream:30 --wait")
    console.print("\n[bold]Or use your own page[/] (docs/clients.md). This prints a token for any user:")
    print(f"export UNSTUCK_ISSUER={stack.issuer_url}")
    print(".venv/bin/unstuck token alice")
    console.print("[dim]Pages of these origins may call the API. To add one: make run ORIGIN=http://...[/]")
    print(*stack.options.allowed_origins)


def show_how_to_operate(endpoint: str, console: Console) -> None:
    """Show how to operate the stack with AWS credentials."""
    console.print("\n[bold]Operate it[/] with AWS's tools and the operators' commands (more in docs/operating.md):")
    if misleading := [name for name in _MISLEADING if name in os.environ]:
        print("unset", *misleading)
    print("export", *(f"{name}={value}" for name, value in deployment.environment(endpoint).items()))
    print(f".venv/bin/unstuck doctor --stack {deployment.STACK_NAME}")
