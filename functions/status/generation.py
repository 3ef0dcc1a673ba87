"""Shows a generation to its owner, and rescues it if it is stale."""

from dataclasses import dataclass

from functions.status.healing import Healer
from functions.status.output import Outputs
from shared.domain.clock import Clock
from shared.domain.generation import Generation
from shared.domain.moving import Moving, moving
from shared.domain.pacing import poll_after_seconds, retry_after
from shared.domain.settings import Settings
from shared.http.problems import ProblemError
from shared.http.query import Query
from shared.http.request import Request
from shared.http.response import Response
from shared.store.damage import reading
from shared.store.reads import Reader
from shared.view.view import etag, matches, view


@dataclass(frozen=True, slots=True)
class GenerationService:
    """Reads are strongly consistent: after one version, a caller never sees an older one."""

    reads: Reader
    healer: Healer
    outputs: Outputs
    clock: Clock
    settings: Settings

    def get(self, request: Request) -> Response:
        """Return one generation; 304 if the caller already has it, 404 if it is not the caller's.

        If the caller expects newer state (`expected_progress`, `min_version`), reads once more and then returns the
        state with `stale: true`, never a 304. Raises UnreadableError if the head or its output cannot be shown.
        """
        query = Query(request, "expected_progress", "min_version")
        progress, version = (
            query.number("expected_progress", 0, 100) or 0,
            query.number("min_version", 1, 999_999_999) or 0,
        )
        query.check()
        head = self._read(request)
        behind = _is_behind(head, progress, version)
        if behind:
            head = self._read(request)
            behind = _is_behind(head, progress, version)
        with reading():
            return self._answer(request, head, behind=behind)

    def _answer(self, request: Request, head: Generation, *, behind: bool) -> Response:
        does = moving(head, self.clock.now(), self.settings)
        headers, hint = self._hints(head, does)
        dated = self.outputs.pictures.dated(headers["etag"])
        for tag in () if behind else (headers["etag"], dated):
            if matches(request.header("if-none-match"), tag):
                return Response(304, None, headers | {"etag": tag})
        stale = {"stale": True} if behind else {}
        output = self.outputs.of(head)
        shown = None if output is None else self.outputs.linked(head, output)
        tag = headers["etag"] if shown is output else dated
        made = {} if shown is None else {"output": shown, **self.outputs.reviewable(head, shown)}
        return Response(200, {**view(head, does), **hint, **stale, **made}, headers | {"etag": tag})

    def _read(self, request: Request) -> Generation:
        head = self.reads.get(request.key)
        if head is None:
            raise ProblemError("not_found")
        return self.healer.heal(head) or head

    def _hints(self, head: Generation, does: Moving | None) -> tuple[dict[str, str], dict[str, float]]:
        """Return the headers, and the body's more precise form of Retry-After, which allows only whole seconds."""
        tag = {"etag": etag(head, does)}
        if head.terminal:
            return tag, {}
        seconds = poll_after_seconds(head, self.clock.now(), self.settings)
        return tag | {"retry-after": retry_after(seconds)}, {"poll_after_seconds": round(seconds, 1)}


def _is_behind(head: Generation, progress: int, version: int) -> bool:
    return head.progress < progress or head.version < version
