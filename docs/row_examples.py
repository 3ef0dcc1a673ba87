"""An example for each row: a head, a time and the caller's values, to show and test what the row sets.

Each example makes the row set everything that it can: a heartbeat that moves progress, a call that shows a new bill.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.generation import ErrorInfo, Generation, Totals, Usage
from shared.domain.row import At, Mark, Row
from shared.domain.rows.worker import Billed, Done, Failed, Granted, Released, Shown, Stored
from shared.domain.settings import Settings
from shared.domain.states import Status

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
HEAD = Generation(
    user_id="owner",
    generation_id="01900000-0000-7000-8000-000000000000",
    kind="flashcards",
    created_at=NOW - timedelta(seconds=30),
    deadline_at=NOW + timedelta(seconds=870),
    status=Status.RUNNING,
    holder="holder",
    heartbeat_at=NOW - timedelta(seconds=10),
    due_at=NOW + timedelta(seconds=30),
)
AT = At(NOW, "token", Settings("table", "queue", "isolated"))
_TOTALS = Totals(1, Usage(1, 100, 50, Decimal("0.01")))
_ERROR = ErrorInfo("output_invalid", "The model's answer does not fit.")
GIVEN: Mapping[str, Any] = {
    "claim": "holder",
    "heartbeat": Shown(40, "writing"),
    "begin_call": Granted("cards", Decimal("0.02"), _TOTALS, Shown(40, "writing")),
    "advance": Stored(_TOTALS, 50, "writing", Decimal(0)),
    "succeed": Done(_TOTALS, "cards"),
    "release": Released(_TOTALS, NOW, True, Decimal(0), "provider_timeout"),
    "fail": Failed(_TOTALS, _ERROR),
    "give_back": _TOTALS,
    "crash_loop": _TOTALS,
    "expire": _TOTALS,
    "cancel": _TOTALS,
    "bill": Billed(_TOTALS, Decimal(0)),
    "retry": "01900000-0000-7000-8000-000000000001",
}
"""The values for the rows that take any."""


def sets_of(row: Row[Any]) -> dict[str, Any]:
    """Return everything that a row can set, including its mark's `op`; a removed field is None."""
    sets = dict(row.sets(HEAD, AT, GIVEN.get(row.name)))
    return sets | ({"op": AT.op} if row.mark is Mark.OP else {})
