"""Walks the whole graph, breadth first. Reports its size, the shortest way to the first broken invariant, and whether
every state leads to an end."""

import itertools
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.row import Row
from shared.domain.rows import ROWS
from shared.domain.states import TERMINAL
from tests.model.checks import Broken
from tests.model.graph import Graph
from tests.model.rows import Table
from tests.model.state import Size


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk found. `broken` is the broken invariant with its trace, None when the graph was exhausted."""

    states: int
    edges: int
    depth: int
    seconds: float
    broken: str | None = None

    def __str__(self) -> str:
        size = f"{self.states:,} states, {self.edges:,} edges, depth {self.depth}, {self.seconds:.1f} s"
        return f"{size}\n{self.broken}" if self.broken else size


class Incoming:
    """The edges by their target, in two arrays: a list for each state would not fit the memory."""

    def __init__(self, sources: array[int], targets: array[int], size: int, without: bytearray | None = None) -> None:
        used = bytearray(len(sources)) if without is None else without
        self._begins = array("l", bytes(8 * (size + 1)))
        for target, left_out in zip(targets, used, strict=True):
            self._begins[target + 1] += not left_out
        for number in range(size):
            self._begins[number + 1] += self._begins[number]
        place = array("l", self._begins)
        self._sources = array("l", bytes(8 * len(sources)))
        for source, target, left_out in zip(sources, targets, used, strict=True):
            if not left_out:
                self._sources[place[target]] = source
                place[target] += 1

    def of(self, target: int) -> array[int]:
        return self._sources[self._begins[target] : self._begins[target + 1]]


class Walk:
    """The known part of the graph: the states in the order of discovery, and the predecessor of each."""

    def __init__(self, limits: Size, rows: Sequence[Row[Any]] = ROWS) -> None:
        self.graph = Graph(Table(limits, rows))
        self.known = {self.graph.start(): 0}
        self.before = array("l", [0])
        self.edges = self.depth = 0
        # Without faults: the edges that remain when nothing goes wrong any more.
        self.sources, self.targets, self.by_worker = array("l"), array("l"), bytearray()

    def run(self, told: Callable[[str], None] = lambda _line: None) -> Found:
        """Walk until the graph is exhausted or an invariant is broken; `told` gets a line for each layer."""
        began = time.monotonic()
        broken = self._search(told) or self._stuck(told)
        return Found(len(self.known), self.edges, self.depth, time.monotonic() - began, broken)

    def _search(self, told: Callable[[str], None]) -> str | None:
        layer = list(self.known)
        while layer:
            following: list[int] = []
            for state in layer:
                try:
                    self._expand(state, following)
                except Broken as broken:
                    return f"{broken}\n{self.trace(state)}"
            layer = following
            self.depth += 1 if layer else 0
            told(f"depth {self.depth}: {len(self.known):,} states, {self.edges:,} edges")
        return None

    def _expand(self, state: int, following: list[int]) -> None:
        source, known = self.known[state], self.known
        for way in self.graph.steps(state):
            self.edges += 1
            target = known.setdefault(way.state, len(known))
            if target == len(self.before):
                self.before.append(source)
                following.append(way.state)
            if not way.fault and target != source:
                self.sources.append(source)
                self.targets.append(target)
                self.by_worker.append(way.by_worker)

    def _stuck(self, told: Callable[[str], None]) -> str | None:
        """Name a state that need not end once nothing goes wrong any more; None if every one must.

        Each state must have a way to an end without a worker. Before its deadline, it must have one that does not wait
        for the deadline. Past the deadline, no way may come back to the same state. Time passes, and the sweeper comes
        to everything that is due. So the generation ends, in any order of steps and with any worker asleep for good.
        """
        scenes = [self.graph.scene(state) for state in self.known]
        ended = [scene.head.status in TERMINAL for scene in scenes]
        late = [scene.late for scene in scenes]
        told("without faults: the ways to an end")
        alone = self._leading_to(ended, without=self.by_worker)
        in_time = self._leading_to([one and not over for one, over in zip(ended, late, strict=True)])
        told("without faults: the ways back past the deadline")
        circle = self._in_a_circle([one and not over for one, over in zip(late, ended, strict=True)])
        for number, state in enumerate(self.known):
            if not alone[number]:
                return f"stuck: without its workers it need not end\n{self.trace(state)}"
            if not (in_time[number] or late[number]):
                return f"stuck: it ends at its deadline and not before\n{self.trace(state)}"
            if number == circle:
                return f"stuck: past its deadline it may come back to where it was\n{self.trace(state)}"
        return None

    def _leading_to(self, ends: Sequence[bool], without: bytearray | None = None) -> bytearray:
        """Mark the states from which one of `ends` can be reached."""
        into = Incoming(self.sources, self.targets, len(ends), without)
        reached = bytearray(ends)
        left = [number for number, end in enumerate(ends) if end]
        while left:
            for source in into.of(left.pop()):
                if not reached[source]:
                    reached[source] = True
                    left.append(source)
        return reached

    def _in_a_circle(self, among: Sequence[bool]) -> int | None:
        """Return one of the states that a way among them leads back to; None when there is no such way."""
        into = Incoming(self.sources, self.targets, len(among))
        ways_on = array("l", bytes(8 * len(among)))
        for source, target in zip(self.sources, self.targets, strict=True):
            if among[source] and among[target]:
                ways_on[source] += 1
        left = {number for number, one in enumerate(among) if one}
        done = [number for number in left if not ways_on[number]]
        while done:
            target = done.pop()
            left.remove(target)
            for source in into.of(target):
                if among[source]:
                    ways_on[source] -= 1
                    if not ways_on[source]:
                        done.append(source)
        return min(left, default=None)

    def trace(self, state: int) -> str:
        """Return the shortest way to a state, a line for each step."""
        states, way = list(self.known), [state]
        while way[-1] != states[0]:
            way.append(states[self.before[self.known[way[-1]]]])
        way.reverse()
        lines = []
        for number, (one, after) in enumerate(itertools.pairwise(way), start=1):
            label = next(step.label for step in self.graph.steps(one) if step.state == after)
            lines.append(f"{number:3}. {label}")
        return "\n".join([*lines, f"     {self.graph.scene(state).head}"])
