"""Returns the timeline of one generation, and its input. Shows only what is stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.status.pictures import PictureLinks
from shared.domain.generation import Event, Generation, StoredStep
from shared.domain.states import TERMINAL, Status
from shared.http.problems import ProblemError
from shared.http.query import Query
from shared.http.request import Request
from shared.http.response import Response
from shared.store.damage import reading
from shared.store.reads import Reader
from shared.store.timeline import Timeline
from shared.view.view import iso, usage_view

_ENDINGS = frozenset(str(status) for status in TERMINAL)
_ENDS_OF_ATTEMPTS = frozenset({"released", "given_back", *_ENDINGS})


@dataclass(frozen=True, slots=True)
class TimelineService:
    """The timeline is best effort: an event may be missing, but none is wrong."""

    reads: Reader
    timeline: Timeline
    pictures: PictureLinks

    def events(self, request: Request) -> Response:
        """Return the timeline, oldest event first, and its attempts.

        With `results=true`, each stored step includes its result, because a failed generation has no output.
        """
        query = Query(request, "results")
        with_results = query.one_of("results", ("true", "false")) == "true"
        query.check()
        head = self._head(request)
        steps = self.reads.known_steps(head.key, results=with_results)
        results = {step.name: self.pictures.shown(head, step.result) for step in steps} if with_results else {}
        noted = self.timeline.get_events(head.key)
        with reading():
            return self._answer(head, steps, noted, results)

    def _answer(
        self, head: Generation, steps: list[StoredStep], noted: list[Event], results: dict[str, dict[str, Any]]
    ) -> Response:
        created = iso(head.created_at)
        # The steps that a retry took over are older than the retry.
        lines = sorted(_lines(head, steps, noted, results), key=lambda line: max(line["at"], created))
        body = {"generation_id": head.generation_id, "version": head.version, "attempts": _attempts(head, lines)}
        return Response(200, body | {"events": lines})

    def input(self, request: Request) -> Response:
        """Return the input and its options: the model and the version of the kind's prompts."""
        Query(request).check()
        head = self._head(request)
        given = self.reads.get_input(head.key)
        if given is None:
            raise ProblemError("not_found")
        body = {
            "generation_id": head.generation_id,
            "kind": head.kind,
            "model": given.model,
            "prompt_version": given.prompt_version,
            "input": given.content,
        }
        # Inputs of earlier versions may lack it.
        return Response(200, body | ({"request_id": given.request_id} if given.request_id else {}))

    def _head(self, request: Request) -> Generation:
        head = self.reads.get(request.key)
        if head is None:
            raise ProblemError("not_found")
        return head


def _lines(
    head: Generation, steps: list[StoredStep], noted: list[Event], results: dict[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    yield {"name": "created", "at": iso(head.created_at)}
    if head.started_at is not None:
        yield {"name": "started", "at": iso(head.started_at), "attempt": 1}
    for step in steps:
        yield _present(
            name="step_stored",
            at=iso(step.stored_at),
            step=step.name,
            position=step.position,
            duration_seconds=step.duration_seconds,
            usage=usage_view(step.usage),
            call_id=step.call_id,
            model=step.model,
            answered_by=step.answered_by,
            finish=step.finish,
            result=results.get(step.name),
        )
    for event in noted:
        yield _present(
            name=event.name,
            at=iso(event.at),
            attempt=event.attempt,
            code=event.code,
            delay_seconds=event.delay_seconds,
            **event.call.known(),
        )
    # The head's own end, if no event has it: a normal end writes no event.
    if head.finished_at is not None and not any(event.name in _ENDINGS for event in noted):
        code, call = (head.error.code, head.call.known()) if head.error else (None, {})
        yield _present(name=str(head.status), at=iso(head.finished_at), attempt=head.attempt, code=code, **call)
    if head.dismissed_at is not None:
        yield {"name": "dismissed", "at": iso(head.dismissed_at)}


def _attempts(head: Generation, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the known facts of each attempt. The starts of later attempts are not stored."""
    attempts = []
    for number in range(1, head.attempt + 1):
        ends = [line for line in lines if line["name"] in _ENDS_OF_ATTEMPTS and line.get("attempt") == number]
        end = ends[0] if ends else {}
        running = number == head.attempt and head.status is Status.RUNNING
        known = _present(
            attempt=number,
            started_at=iso(head.started_at) if number == 1 and head.started_at else None,
            heartbeat_at=iso(head.heartbeat_at) if running and head.heartbeat_at else None,
            ended_at=end.get("at"),
            ended=end.get("name"),
            code=end.get("code"),
        )
        attempts.append(known)
    return attempts


def _present(**line: Any) -> dict[str, Any]:
    return {name: value for name, value in line.items() if value is not None}
