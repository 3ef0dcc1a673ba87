"""The terms of a generation's lifecycle: its statuses and the guards of a write. Pure; `rows` has the changes."""

from enum import StrEnum


class Status(StrEnum):
    """The status of a generation. The last three are terminal: a terminal status never changes."""

    PENDING = "pending"
    """Waits for a worker. In: create, release, give_back. Out: claim, expire, cancel."""
    RUNNING = "running"
    """A worker holds it. In: claim. Out: succeed, fail, release, give_back, crash_loop, expire, cancel."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @classmethod
    def _missing_(cls, value: object) -> "Status | None":
        """Accept a status that only a newer version knows, instead of raising.

        During a rolling deploy both versions read the same heads. Such a status is not `known`, equals only itself, and
        is in neither OPEN nor TERMINAL.
        """
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown

    @property
    def known(self) -> bool:
        """Whether this version of the code knows the status."""
        return self in _KNOWN


_KNOWN = frozenset(Status)
OPEN = frozenset({Status.PENDING, Status.RUNNING})
TERMINAL = frozenset(Status) - OPEN


class Guard(StrEnum):
    """A condition on the head, besides its status, that DynamoDB checks with the write."""

    ABSENT = "no such item yet"
    FENCE = "fence as read, or as in the message"
    HOLDER = "held by me"
    READABLE = "kind known and schema not newer than this code"
    FRUITLESS_ATTEMPTS_LEFT = "`fruitless_attempts` < max"
    NOT_BEFORE_PASSED = "`not_before` passed"
    BEFORE_DEADLINE = "before `deadline_at`"
    PAST_DEADLINE = "past `deadline_at`"
    PROGRESS_NOT_AHEAD = "progress not ahead of mine"
    CALLS_AS_KNOWN = "`calls` is what I know it is"
    HEARTBEAT_AS_READ = "`heartbeat_at` as strongly read, lease over"
    DUE_AS_READ = "`due_at` as strongly read"
    USAGE_AS_READ = "`paid_calls` and `steps_done` as strongly read"
    VERSION_AS_READ = "version as strongly read"
    NOT_DISMISSED = "no `dismissed_at` yet"
    NOT_RETRIED = "no `retried_as` yet"
