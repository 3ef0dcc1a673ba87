"""Makes texts of services, models and users safe for a terminal: they may hold control characters."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

# Characters that move the cursor, change colours or titles, or reverse the writing direction.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return a text that cannot control the terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def in_json(found: BaseModel | dict[str, Any] | list[BaseModel], *, indent: int | None = 2) -> str:
    """Return JSON in ASCII. Fields missing in the response are omitted."""
    return json.dumps(_jsonable(found), indent=indent)


def moment(at: datetime | None) -> str:
    """Return a time in the local time zone."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(at: datetime) -> str:
    """Return an age, such as `3 min`."""
    seconds = max(0, int((datetime.now(UTC) - at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def cost(usd: float) -> str:
    """Return an amount in US dollars; a call can cost a fraction of a cent."""
    return f"{usd:.6f} USD"


def _jsonable(found: BaseModel | dict[str, Any] | list[BaseModel]) -> Any:
    if isinstance(found, BaseModel):
        return found.model_dump(mode="json", exclude_unset=True)
    if isinstance(found, list):
        return [_jsonable(each) for each in found]
    return found
