"""The lifecycle of a generation: one row for every legal change of a head. Pure data and pure functions.

`store.move` builds each write from its row. `docs/lifecycle.md` shows the same rows. The tests, the model and the
simulation use them.
"""

from typing import Any

from shared.domain.row import Row
from shared.domain.rows.owner import CANCEL, CREATE, DISMISS, RETRY, REVIEW
from shared.domain.rows.rescuer import CRASH_LOOP, EXPIRE, GIVE_BACK, POSTPONE, REARM, SEND_AGAIN
from shared.domain.rows.worker import (
    ADVANCE,
    BEGIN_CALL,
    BILL,
    CLAIM,
    FAIL,
    HEARTBEAT,
    RELEASE,
    STORE_STEP,
    SUCCEED,
)

__all__ = [
    "ADVANCE",
    "BEGIN_CALL",
    "BILL",
    "CANCEL",
    "CLAIM",
    "CRASH_LOOP",
    "CREATE",
    "DISMISS",
    "EXPIRE",
    "FAIL",
    "GIVE_BACK",
    "HEARTBEAT",
    "POSTPONE",
    "REARM",
    "RELEASE",
    "RETRY",
    "REVIEW",
    "ROWS",
    "SEND_AGAIN",
    "STORE_STEP",
    "SUCCEED",
]

ROWS: tuple[Row[Any], ...] = (
    CREATE,
    CLAIM,
    HEARTBEAT,
    BEGIN_CALL,
    STORE_STEP,
    ADVANCE,
    SUCCEED,
    RELEASE,
    FAIL,
    REARM,
    POSTPONE,
    GIVE_BACK,
    CRASH_LOOP,
    SEND_AGAIN,
    EXPIRE,
    CANCEL,
    BILL,
    DISMISS,
    RETRY,
    REVIEW,
)
