"""Shows the deployment's health to anybody, from the sweeper's mark, without any owner's data."""

from dataclasses import dataclass

from shared.domain.clock import Clock
from shared.domain.settings import Settings
from shared.http.request import Request
from shared.http.response import Response
from shared.store.sweeps import SweepMark, SweepMarks
from shared.view.schemas import Health
from shared.view.view import iso

KEPT_SECONDS = 5


@dataclass(slots=True)
class HealthService:
    """Reads the table at most every few seconds, however often it is called, because it needs no token.

    The sweeper has just read what is stale, so reading its mark costs one read. If the sweeper is dead, the mark's age
    shows it.
    """

    sweeps: SweepMarks
    clock: Clock
    settings: Settings
    _mark: SweepMark | None = None
    _read_at: float | None = None

    def get(self, _request: Request) -> Response:
        """Return the last sweep's findings. Raises StoreUnavailableError if the table cannot be read."""
        now = self.clock.monotonic()
        if self._read_at is None or now - self._read_at >= KEPT_SECONDS:
            self._mark, self._read_at = self.sweeps.last_sweep(), now
        body = self._view(self._mark)
        if self._prices_missing():
            body["model_prices_missing"] = True
        return Response(200, body, {"cache-control": f"public, max-age={KEPT_SECONDS}"})

    def _prices_missing(self) -> bool:
        from shared.domain.model_prices import unpriced_models  # noqa: PLC0415 (only this route needs it)

        return bool(unpriced_models(self.settings))

    def _view(self, mark: SweepMark | None) -> Health:
        if mark is None:
            return {"last_sweep_at": None, "last_sweep_age_seconds": None, "stale": 0, "oldest_pending_seconds": 0}
        age = (self.clock.now() - mark.at).total_seconds()
        since = mark.oldest_pending_since
        return {
            "last_sweep_at": iso(mark.at),
            "last_sweep_age_seconds": max(0, round(age)),
            "last_sweep_complete": mark.complete,
            "stale": mark.stale,
            "oldest_pending_seconds": 0 if since is None else max(0, round((mark.at - since).total_seconds())),
        }
