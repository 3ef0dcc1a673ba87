"""A process of the version before: the same code, whose schema numbers are one lower than the present version's.

What it writes is of the schema before; what the present version wrote is newer than anything it knows. Done where its
requests leave it and answers reach it, since there is no older code to run.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

_NUMBER, _COMPARED = "schema_version", ":schema_version"


def as_written_before(request: Any) -> Any:
    """Return a request with every schema number lowered by one. In version 0 the number itself was not stored."""
    if isinstance(request, dict):
        lowered = {name: as_written_before(value) for name, value in request.items()}
        for name in (_NUMBER, _COMPARED):
            if name in lowered:
                lowered[name] = {"N": str(int(lowered[name]["N"]) - 1)}
        if lowered.get(_NUMBER) == {"N": "0"}:
            del lowered[_NUMBER]
        return lowered
    return [as_written_before(value) for value in request] if isinstance(request, list) else request


def as_read_before(answer: Any) -> Any:
    """Return an answer whose items have schema numbers that are higher by one."""
    if isinstance(answer, dict):
        raised = {name: as_read_before(value) for name, value in answer.items()}
        if "sk" in raised:
            raised[_NUMBER] = {"N": str(int(raised.get(_NUMBER, {"N": "0"})["N"]) + 1)}
        return raised
    return [as_read_before(value) for value in answer] if isinstance(answer, list) else answer


def refused_before(refused: ClientError) -> ClientError:
    """Return the error with the items that came back with it as the version before reads them."""
    response: Any = as_read_before(refused.response)
    return ClientError(response, refused.operation_name)


def message_before(body: str, by: int) -> str:
    """Return a queue message whose version differs by so much: -1 when it leaves the process, 1 when it arrives."""
    message = json.loads(body)
    return json.dumps(message | {"v": message["v"] + by})
