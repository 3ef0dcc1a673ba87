"""Who is measured: our six functions, the least and the usual beside each, and each lever on its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.cold_start.places import Places
from bench.cold_start.starts import Contestant
from bench.world import World

FUNCTIONS = ("create", "status", "actions", "process", "sweeper", "authorizer")
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
    """Makes contestants out of what lies in `places` and happens in `world`."""

    def __init__(self, places: Places, world: World) -> None:
        self._places, self._world = places, world

    def ours(self, function: str, *, tree: Path | None = None, runtime: Path | None = None) -> Contestant:
        built, places = tree or self._places.built, self._places
        path = (built / f"{function.capitalize()}Function", built / "SharedLayer" / "python")
        handler, event = f"functions.{function}.handler.handler", self._world.events[function]
        return Contestant("ours", handler, (*path, runtime or places.runtime), event, _GOOD[function])

    def floor(self, function: str) -> Contestant:
        """The least that does the function's work."""
        handler = _FLOOR.get(function, "floor.reads.handler")
        good = _GOOD[function] if function in _FLOOR else _answered(200)
        return Contestant("floor", handler, self._path_of_peers(), self._world.events[function], good)

    def thin(self, function: str) -> Contestant:
        """What the floor does, by a thin signed client in boto3's place."""
        handler = "thin.creates.handler" if function == "create" else "thin.reads.handler"
        return replace(self.floor(function), name="thin", handler=handler)

    def usual(self, function: str, *, plain: bool) -> Contestant:
        """The usual stack; `plain` as `sam build` leaves it, without byte code but for the runtime."""
        path = self._path_of_peers(self._places.plain if plain else None)
        own = self._places.plain_usual if plain else self._places.usual
        event, good = self._world.events[function], _GOOD_OF_USUAL[function]
        return Contestant("usual", _USUAL[function], (*path[:-1], own, path[-1]), event, good)

    def _path_of_peers(self, tree: Path | None = None) -> tuple[Path, ...]:
        built, places = tree or self._places.built, self._places
        return (places.peers, built / "ProcessFunction", built / "SharedLayer" / "python", places.runtime)

    def levers(self) -> dict[str, tuple[Contestant, Contestant]]:
        """Each lever's name, with what is measured without it and with it, on the function where it counts."""
        places = self._places
        status, process, sweeper = self.ours("status"), self.ours("process"), self.ours("sweeper")
        path = (places.peers, *status.path[:2], places.built / "ProcessFunction", places.usual, places.runtime)
        one_certificate = {"SSL_CERT_FILE": str(places.one_certificate)}

        def by(lever: str) -> Contestant:
            return replace(status, handler=f"lever.{lever}.handler", path=path)

        whole_store = replace(sweeper, handler="lever.whole_store.handler", path=(places.peers, *sweeper.path))
        return {
            "byte code in the artifact (status)": (self.ours("status", tree=places.plain), status),
            "byte code in the artifact (process)": (self.ours("process", tree=places.plain), process),
            "no Tracer (status)": (by("tracer"), status),
            "no pydantic, no HTTP client (status)": (by("eager"), status),
            "garbage looked for less often (status)": (by("collecting"), status),
            "a part of the store alone (sweeper)": (whole_store, sweeper),
            "no awscrt beside boto3 (status)": (replace(status, path=(*status.path, places.crt)), status),
            "botocore's data of two services alone (status)": (
                status,
                self.ours("status", runtime=places.pruned_runtime),
            ),
            "one certificate instead of certifi's (process)": (process, replace(process, variables=one_certificate)),
        }
