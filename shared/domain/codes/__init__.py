"""The register of error codes: each is one entry, which docs, API document, page and command line read."""

from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """Whose fault it usually is; an entry's detail says when it is another's."""

    CALLER = "the caller's"
    OPERATOR = "the operator's"
    """Of whoever runs the deployment, its configuration or its code."""
    PROVIDER = "the provider's"
    MODEL = "the model's"
    NOBODY = "nobody's"


class Code(NamedTuple):
    """What happened, what to do, and whose fault it is, in plain words. `detail` is for docs/errors.md, in Markdown.

    `status` is the HTTP status of a problem. `retried` says of a failure that it was tried again before it stood.
    `is_ours` says that the operator must act: others fail the same until then. It is logged as an error and counted.
    """

    title: str
    fix: str
    fault: Fault
    detail: str = ""
    status: int = 0
    retried: bool = False
    is_ours: bool = False
