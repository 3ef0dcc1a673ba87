"""The model as a graph of numbers. The moves of one process are computed once for each of its scenes, whatever the
others do beside it. Two equal processes are one case."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from shared.domain.states import TERMINAL
from tests.model import rescuer, worker, writes
from tests.model.lifecycle_model import actor_form, scene_form, stale_form, steps_of_nobody
from tests.model.rows import Table
from tests.model.state import IDLE, NO_NEWS, NOBODY, News, Reader, Scene, Step, Worker

Part = Callable[[Table, Scene, Any], Iterable[Step]]
_BITS = 16  # for the number of a process's state
_MASK = (1 << _BITS) - 1
_NO_NEWS = -1


def _beside(table: Table, scene: Scene, _nobody: Reader) -> Iterable[Step]:
    return steps_of_nobody(table, scene)


def _afterwards(table: Table, scene: Scene, _nobody: Reader) -> Iterable[Step]:
    return rescuer.last_steps(table, scene) if scene.head.status in TERMINAL else ()


class Numbers[Thing]:
    """Gives each thing a number, in the order in which they come."""

    def __init__(self) -> None:
        self._of: dict[Thing, int] = {}
        self.things: list[Thing] = []

    def of(self, thing: Thing) -> int:
        number = self._of.setdefault(thing, len(self.things))
        if number == len(self.things):
            self.things.append(thing)
        return number


class Way(NamedTuple):
    """One step from a state: to which, whether it is a fault that may not happen, and whether a worker must take it."""

    label: str
    state: int
    fault: bool
    by_worker: bool


class Edge(NamedTuple):
    """A step of one process in one scene, by numbers."""

    label: str
    fault: bool
    scene: int
    actor: int
    news: int
    stale: int
    """The state of a rescuer that had read the head before this step, and of the owner; nobody if it makes no
    difference."""
    wish: int


class Graph:
    """States are numbers: of the scene, then of each worker, each rescuer and the owner. Raises Broken for a step that
    breaks an invariant."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._scenes = Numbers[Scene]()
        self._actors = Numbers[Worker | Reader]()
        self._news = Numbers[News]()
        self._edges: dict[tuple[int, int, Part], list[Edge]] = {}
        self._told: dict[tuple[int, int], int] = {}
        limits = table.limits
        self._workers, self._last = limits.workers, limits.workers + limits.rescuers
        self._nobody = self._actors.of(NOBODY)
        self._idle = [self._actors.of(IDLE)] * limits.workers + [self._nobody] * (limits.rescuers + 1)
        self._parts = [worker.steps] * limits.workers + [rescuer.steps] * limits.rescuers + [rescuer.owner_steps]

    def start(self) -> int:
        return self._pack(self._scenes.of(Scene(grants=(0,) * self.table.limits.steps)), self._idle)

    def scene(self, state: int) -> Scene:
        return self._scenes.things[state >> _BITS * (self._last + 1)]

    def scenes_of(self, states: Iterable[int]) -> list[Scene]:
        return [self.scene(state) for state in states]

    def steps(self, state: int) -> Iterator[Way]:
        """Yield all possible next states."""
        actors = [state >> _BITS * (self._last - place) & _MASK for place in range(self._last + 1)]
        scene = state >> _BITS * (self._last + 1)
        for place, actor in enumerate(actors):
            if place in (0, self._workers, self._last) or actors[place - 1] != actor:
                for edge in self._edges_of(scene, actor, self._parts[place]):
                    yield from self._after(edge, actors, place)
        for edge in self._edges_of(scene, self._nobody, _beside):
            yield from self._after(edge, actors, None)
        if actors == self._idle:
            for edge in self._edges_of(scene, self._nobody, _afterwards):
                yield from self._after(edge, actors, None)

    def _edges_of(self, scene: int, actor: int, part: Part) -> list[Edge]:
        key = scene, actor, part
        edges = self._edges.get(key)
        if edges is None:
            before = self._scenes.things[scene]
            steps = part(self.table, before, self._actors.things[actor])
            edges = self._edges[key] = [self._edge(before, step) for step in steps]
        return edges

    def _edge(self, before: Scene, step: Step) -> Edge:
        after, table = step.scene, self.table
        stale = stale_form(table, rescuer.diagnosis(before), after, rescuer.diagnosis(after))
        wish = stale_form(table, rescuer.wish(table, before), after, rescuer.wish(table, after))
        return Edge(
            step.label,
            step.fault,
            self._scenes.of(scene_form(table, after)),
            self._actors.of(actor_form(table, step.actor, after.head.status)),
            _NO_NEWS if after.news == NO_NEWS else self._news.of(after.news),
            self._actors.of(stale),
            self._actors.of(wish),
        )

    def _after(self, edge: Edge, actors: list[int], place: int | None) -> Iterator[Way]:
        """Yield the state after a step, once for each that may have read the head before it."""
        after = actors if edge.news == _NO_NEWS else [self._told_of(actor, edge.news) for actor in actors]
        ways = [(edge.label, edge.fault, [edge.actor if at == place else actor for at, actor in enumerate(after)])]
        for at in range(self._workers, self._last + 1):
            had_read = edge.wish if at == self._last else edge.stale
            if had_read != self._nobody and at != place and actors[at] == self._nobody:
                told = f"; one had read the head before, for {self._actors.things[had_read].row}"
                ways += [(label + told, True, [*way[:at], had_read, *way[at + 1 :]]) for label, _, way in ways]
        for label, fault, way in ways:
            yield Way(label, self._pack(edge.scene, way), fault, place is not None and place < self._workers)

    def _told_of(self, actor: int, news: int) -> int:
        told = self._told.get((actor, news))
        if told is None:
            one, heard = self._actors.things[actor], self._news.things[news]
            after = writes.told(one, heard) if isinstance(one, Worker) else rescuer.told(one, heard)
            status = heard.status
            assert status is not None
            told = self._told[actor, news] = self._actors.of(actor_form(self.table, after, status))
        return told

    def _pack(self, scene: int, actors: list[int]) -> int:
        workers, rescuers = sorted(actors[: self._workers]), sorted(actors[self._workers : self._last])
        for actor in (*workers, *rescuers, actors[self._last]):
            scene = scene << _BITS | actor
        return scene
