"""How late the Python client returns an end, and after how many GETs, by push and by polling."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from bench.live.pushes import flashcards
from local.stack import LocalStack
from unstuck import Client

MODEL_SECONDS = [5 + step / 4 for step in range(8)]
"""Spread over the two seconds between two polls, so that none is lucky with all of them."""
type Way = Callable[[str, str], Client]
polling: Way = partial(Client, live=False)


@dataclass
class Ends:
    """Of one way: how late each end was, in seconds, and how many GETs it took."""

    late: list[float] = field(default_factory=list)
    gets: list[int] = field(default_factory=list)


class _Counted:
    """A new user's client, whose GETs are counted."""

    def __init__(self, client: Client) -> None:
        self.client, self.gets = client, 0
        hooks: Any = client._http.event_hooks  # counts the network's calls, and changes nothing in the client
        hooks["request"].append(self._note)

    def _note(self, request: httpx.Request) -> None:
        self.gets += request.method == "GET"


def ends(stack: LocalStack, clients: ExitStack, **ways: Way) -> dict[str, Ends]:
    """Run the ways in turns, each as another user; a way makes a client of the API's address and a token."""
    made = {
        name: _Counted(clients.enter_context(way(stack.api_url, stack.token(f"way-{name}"))))
        for name, way in ways.items()
    }
    found = {name: Ends() for name in made}
    for seconds in MODEL_SECONDS:
        for name, way in made.items():
            before = way.gets
            done = way.client.create_and_wait(flashcards(seconds))
            if done.finished_at is None:
                raise RuntimeError("it ended at no time")
            found[name].late.append(time.time() - done.finished_at.timestamp())
            found[name].gets.append(way.gets - before)
    return found
