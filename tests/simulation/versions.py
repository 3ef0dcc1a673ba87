"""A process of the previous version: the same code, with schema numbers one below the present version's.

Its writes have the previous schema; the present version's writes are newer than anything it knows. Its requests and
answers are converted at its boundary, because there is no older code to run.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from shared.store.items import RENAMED

_NUMBER, _COMPARED = "schema_version", ":schema_version"
_OLD_NAMES = RENAMED | {old: f"unknown_{old}" for old in RENAMED.values()}
"""The previous version's names of attributes; it knew nothing of the removal of its own names."""

_NEW_NAMES = {old: new for new, old in RENAMED.items()} | {new: f"unknown_{new}" for new in RENAMED}
"""The present version's names for the previous version's attributes; the previous version never read the present
names."""


def as_written_before(request: Any) -> Any:
    """Return a request with every schema number lowered by one, and the head's attributes under their old names."""
    if isinstance(request, dict):
        lowered = {_OLD_NAMES.get(name, name): as_written_before(value) for name, value in request.items()}
        for name in (_NUMBER, _COMPARED, f":set_{_NUMBER}"):
            if isinstance(lowered.get(name), dict):
                lowered[name] = {"N": str(int(lowered[name]["N"]) - 1)}
        if "ExpressionAttributeNames" in lowered:
            names = request["ExpressionAttributeNames"]
            lowered["ExpressionAttributeNames"] = {mark: _OLD_NAMES.get(name, name) for mark, name in names.items()}
        return lowered
    return [as_written_before(value) for value in request] if isinstance(request, list) else request


def as_read_before(answer: Any) -> Any:
    """Return an answer whose items have schema numbers that are higher by one, and the names of that version."""
    if isinstance(answer, dict):
        raised = {_NEW_NAMES.get(name, name): as_read_before(value) for name, value in answer.items()}
        if "sk" in raised:
            raised[_NUMBER] = {"N": str(int(raised.get(_NUMBER, {"N": "0"})["N"]) + 1)}
        return raised
    return [as_read_before(value) for value in answer] if isinstance(answer, list) else answer


def refused_before(refused: ClientError) -> ClientError:
    """Return the error with the items that came back with it as the version before reads them."""
    response: Any = as_read_before(refused.response)
    return ClientError(response, refused.operation_name)


def message_before(body: str, by: int) -> str:
    """Return a queue message with its version shifted: by -1 when it leaves the process, by 1 when it arrives."""
    message = json.loads(body)
    return json.dumps(message | {"v": message["v"] + by})
