"""The contestants: our six functions, the least and the usual beside each, and each lever alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.cold_start.places import Places
from bench.cold_start.starts import Contestant
from bench.cold_start.surroundings import Surroundings
from bench.world import World

FUNCTIONS = ("process", "sweeper", "create", "status", "actions", "authorizer")
BATCH = 10
_AS_SHIPPED = {"LIVE_TABLE_NAME": "", "LIVE_URL": "", "LIVE_ENDPOINT": ""}
_OWN = {"process": {"MAX_RUNNING": "10"}}
"""The template's defaults, where the world has others: all owners' jobs are alice's, and of `create` she needs many."""
_FLOOR = {"create": "floor.creates.handler", "process": "floor.works.handler"}
_USUAL = {
    "create": "usual.creates.handler",
    "status": "usual.reads.handler",
    "actions": "usual.reads.handler",
    "process": "usual.works.handler",
    "sweeper": "usual.sweeps.handler",
    "authorizer": "usual.invoked.handler",
}


def _answered(*statuses: int) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, dict) and answer.get("statusCode") in statuses


_GOOD: dict[str, Callable[[Any], bool]] = {
    "create": _answered(202),
    "status": _answered(200),
    "actions": _answered(200),
    "process": lambda answer: answer == {"batchItemFailures": []},
    "sweeper": lambda answer: isinstance(answer, dict) and "errorMessage" not in answer,
    "authorizer": lambda answer: isinstance(answer, dict) and answer.get("isAuthorized") is True,
}
_GOOD_OF_USUAL = _GOOD | {"authorizer": lambda answer: answer == {}}


class Cast:
    """Makes contestants from the folders in `places` and the servers in `world`."""

    def __init__(self, places: Places, world: World, memory: Mapping[str, int] | None = None) -> None:
        self._places, self._world, self._memory = places, world, memory or {}

    def ours(self, function: str, *, tree: Path | None = None, runtime: Path | None = None) -> Contestant:
        built, places = tree or self._places.built, self._places
        path = (built / f"{function.capitalize()}Function", built / "SharedLayer" / "python", runtime or places.runtime)
        return self._made("ours", f"functions.{function}.handler.handler", path, function)

    def floor(self, function: str) -> Contestant:
        """The least that does the function's work."""
        handler = _FLOOR.get(function, "floor.reads.handler")
        made = self._made("floor", handler, self._path_of_peers(), function)
        return made if function in _FLOOR else replace(made, good=_answered(200))

    def thin(self, function: str) -> Contestant:
        """The floor's work, with a thin signed client in place of boto3."""
        handler = "thin.creates.handler" if function == "create" else "thin.reads.handler"
        return replace(self.floor(function), name="thin", handler=handler)

    def usual(self, function: str, *, plain: bool) -> Contestant:
        """The usual stack; `plain` as `sam build` leaves it, without byte code except in the runtime."""
        path = self._path_of_peers(self._places.plain if plain else None)
        own = self._places.plain_usual if plain else self._places.usual
        made = self._made("usual", _USUAL[function], (*path[:-1], own, path[-1]), function)
        return replace(made, good=_GOOD_OF_USUAL[function])

    def unprepared(self, function: str) -> Contestant:
        """Ours without its preparations before its first event; like the peers, it trusts botocore's authorities."""
        ours = self.ours(function)
        path = (self._places.peers, *ours.path)
        variables = {**ours.variables, "FUNCTION": function}
        return replace(ours, handler="lever.unprepared.handler", path=path, variables=variables)

    def _made(self, name: str, handler: str, path: tuple[Path, ...], function: str) -> Contestant:
        event, memory = self._world.events[function], self._memory.get(function, 1_024)
        variables = _AS_SHIPPED | _OWN.get(function, {})
        return Contestant(name, handler, path, event, _GOOD[function], variables, memory_mb=memory)

    def _path_of_peers(self, tree: Path | None = None) -> tuple[Path, ...]:
        built, places = tree or self._places.built, self._places
        return (places.peers, built / "ProcessFunction", built / "SharedLayer" / "python", places.runtime)


class Shaped:
    """Contestants as Lambda would run them: over TLS, on new jobs, each function with its own memory."""

    def __init__(self, cast: Cast, around: Surroundings, before: Path | None = None) -> None:
        self._cast, self._around, self._before = cast, around, before

    def ours(self, function: str) -> Contestant:
        ours = self._cast.ours(function)
        return self._fresh(function, replace(ours, variables={**ours.variables, **self._around.amazon_only}))

    def before(self, function: str) -> Contestant:
        """Without work at INIT and a small bundle: of another tree, or this one's with both switched off."""
        old = self._cast.ours(function, tree=self._before) if self._before else self._cast.unprepared(function)
        return self._fresh(function, replace(old, name="before"))

    def beside(self, function: str) -> list[Contestant]:
        """Before and ours, the floor, and the usual stack, plain and compiled."""
        peers = (self._cast.floor(function), *(self._cast.usual(function, plain=plain) for plain in (True, False)))
        return [self.before(function), self.ours(function), *(self._fresh(function, peer) for peer in peers)]

    def batch(self) -> list[Contestant]:
        """Before and ours, with a first batch of ten."""
        made = (self.before("process"), self.ours("process"))
        return [replace(each, fresh=partial(self._around.job, BATCH)) for each in made]

    def bundle_alone(self, function: str) -> list[Contestant]:
        """Ours with the bundle that botocore brings, and with Amazon's authorities alone."""
        return [self._fresh(function, self._cast.ours(function)), self.ours(function)]

    def _fresh(self, function: str, made: Contestant) -> Contestant:
        if function == "process":
            return replace(made, fresh=self._around.job)
        return replace(made, fresh=self._around.cancel) if function == "actions" else made
