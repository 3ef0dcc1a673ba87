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


class Cast:
    """Makes contestants out of what lies in `places` and happens in `world`."""

    def __init__(self, places: Places, world: World) -> None:
        self._places, self._world = places, world

    def ours(self, function: str, *, tree: Path | None = None, runtime: Path | None = None) -> Contestant:
        built, places = tree or self._places.built, self._places
        path = (built / f"{function.capitalize()}Function", built / "SharedLayer" / "python")
        handler, event = f"functions.{function}.handler.handler", self._world.events[function]
        return Contestant("ours", handler, (*path, runtime or places.runtime), event, _GOOD[function])

    def peers(self, function: str, *, tree: Path | None = None) -> list[Contestant]:
        """The floor and the usual stack; with `tree`, on the layer and the HTTP client of that one."""
        built, places = tree or self._places.built, self._places
        path = (places.peers, built / "ProcessFunction", built / "SharedLayer" / "python")
        event = self._world.events[function]
        reads = (_answered(200), _answered(200)) if function not in ("create", "process") else (_GOOD[function],) * 2
        if function in ("sweeper", "authorizer"):
            reads = (reads[0], lambda answer: answer == {})
        floor = _FLOOR.get(function, "floor.reads.handler")
        usual = _USUAL.get(function, "usual.sweeps.handler")
        return [
            Contestant("floor", floor, (*path, places.runtime), event, reads[0]),
            Contestant("usual", usual, (*path, places.usual, places.runtime), event, reads[1]),
        ]

    def levers(self) -> dict[str, tuple[Contestant, Contestant]]:
        """Each lever's name, with what is measured without it and with it, on the function where it counts."""
        places = self._places
        status, process = self.ours("status"), self.ours("process")
        lever = (places.peers, *status.path[:2], places.built / "ProcessFunction", places.usual, places.runtime)
        one_certificate = {"SSL_CERT_FILE": str(places.one_certificate)}
        return {
            "byte code in the artifact (status)": (self.ours("status", tree=places.plain), status),
            "byte code in the artifact (process)": (self.ours("process", tree=places.plain), process),
            "no Tracer (status)": (replace(status, handler="lever.tracer.handler", path=lever), status),
            "no pydantic, no HTTP client (status)": (
                replace(status, handler="lever.eager.handler", path=lever),
                status,
            ),
            "no awscrt beside boto3 (status)": (replace(status, path=(*status.path, places.crt)), status),
            "botocore's data of two services alone (status)": (
                status,
                self.ours("status", runtime=places.pruned_runtime),
            ),
            "one certificate instead of certifi's (process)": (process, replace(process, variables=one_certificate)),
        }
