"""The register of error codes. The docs, the API document, the page and the command line all read these entries."""

from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """The party usually at fault. An entry's `detail` names the exceptions."""

    CALLER = "the caller's"
    OPERATOR = "the operator's"
    """The operator's: the deployment's configuration or its code."""
    PROVIDER = "the provider's"
    MODEL = "the model's"
    NOBODY = "nobody's"


class Code(NamedTuple):
    """One code: what happened (`title`), what to do (`fix`) and whose fault it is. `detail` is Markdown for
    docs/errors.md.

    `status` is a problem's HTTP status. `retried` means that the service retried before it gave up. `is_ours` means
    that the operator must act, because other generations fail the same way until then. Such failures are logged as
    errors and counted.
    """

    title: str
    fix: str
    fault: Fault
    detail: str = ""
    status: int = 0
    retried: bool = False
    is_ours: bool = False
