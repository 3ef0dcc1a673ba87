"""Every error of the domain, split by what must be done about it. Imports nothing of the project.

An error carries its data; how it is retried is decided by its type, in `retry.py` alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.domain.generation import Generation, Usage
    from shared.domain.limits import Rate

MESSAGE_LENGTH = 100


class UnstuckError(Exception):
    """The base of all errors that the code raises on purpose."""


class TransitionRefusedError(UnstuckError):
    """A condition of the transition did not hold; `current` is the head as it stands, None where there is none."""

    def __init__(self, transition: str, current: "Generation | None") -> None:
        super().__init__(transition, current and f"{current.status} fence {current.fence}")
        self.transition = transition
        self.current = current


class LeaseLostError(UnstuckError):
    """Another holder has the generation, or it has ended: stop at once and write nothing more."""


class DeadlinePassedError(UnstuckError):
    """The generation is still mine, but its deadline has passed: it must be failed."""


class StoreUnavailableError(UnstuckError):
    """DynamoDB did not take or confirm a write: nothing is known of it, and trying later is safe."""


class StoreRefusedError(UnstuckError):
    """DynamoDB or S3 refused a request, and would again: a right is missing, or the request is wrong.

    Its argument names the operation and the service's own code.
    """


class ObjectDeniedError(StoreRefusedError):
    """S3 did not hand out an object. It says the same of a missing right and, to a caller who may not list the bucket,
    of an object that is gone."""


class UnreadableError(UnstuckError, ValueError):
    """What is stored cannot be read, now or later, by this version: it is damaged, of a newer one, or gone."""


class ConnectionGoneError(UnstuckError):
    """API Gateway knows no such connection: it has been closed, or its handshake has not ended yet."""


class NotPostedError(UnstuckError):
    """A message was not posted to a connection. Its one argument is the service's or botocore's own code."""


class SealUnavailableError(UnstuckError):
    """KMS did not encrypt or decrypt: trying later may help. Its one argument is KMS's own code, never a key."""


class SealBrokenError(UnstuckError):
    """What was sealed does not open for this generation, now or later."""


class EditsTooLargeError(UnstuckError):
    """What an owner made of suggestions is more than can be stored."""


class AdmissionRefusedError(UnstuckError):
    """A limit of the owner's is reached: `code` says which, and nothing was stored.

    `retry_after_seconds` are whole and rounded up; `rate` is where the owner stands with the rate limit, if any.
    """

    def __init__(self, code: str, retry_after_seconds: int, rate: "Rate | None") -> None:
        super().__init__(code, retry_after_seconds)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.rate = rate


class KeyReusedError(UnstuckError):
    """The idempotency key was used within a day for another request: nothing was stored."""


class MessageRefusedError(UnstuckError):
    """A queue message that this version of the code cannot take: it goes back to the queue."""


class GenerationError(UnstuckError):
    """Something that ends an attempt with a code which the owner may read.

    `message` is cut to 100 characters and never holds a key, the prompt or the provider's own words about them.
    `usage` is what the failed call is known to have cost. `unpaid` says that nothing was: it was refused, or not even
    sent, before the model's first token.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        usage: "Usage | None" = None,
        unpaid: bool = False,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message[:MESSAGE_LENGTH]
        self.retry_after_seconds = retry_after_seconds
        self.usage = usage
        self.unpaid = unpaid


class KindFailureError(GenerationError):
    """A kind fails on purpose, with a code that it declares: the same input would fail again."""


class StorageUnavailableError(GenerationError):
    """What the attempt has made cannot be stored: another goes on once DynamoDB and S3 take it again."""

    def __init__(self) -> None:
        super().__init__("storage_unavailable", "What was made could not be stored.")


class ProviderError(GenerationError):
    """The model's API did not give a usable answer."""


class TransientProviderError(ProviderError):
    """The same call may succeed later, not before `retry_after_seconds` where the provider said so."""


class PermanentProviderError(ProviderError):
    """The same call would fail again: never repeat it."""


class ProtocolBrokenError(PermanentProviderError):
    """What came was no answer in the server's protocol: asking once more may help, a second time shows a fault."""


class InvalidOutputError(ProviderError):
    """The model answered, but not what was asked: one repair turn may help, the same call again may not."""


class CallDeadlineExceededError(TransientProviderError):
    """The call took longer than it was given; code `provider_timeout`."""


class CallCanceledError(UnstuckError):
    """The stream was closed by us because the lease was lost or the invocation is about to end."""


class CeilingReachedError(GenerationError):
    """A ceiling of the kind (calls of a step, cost) refuses the next call: the generation fails."""


class HandoverError(GenerationError):
    """The invocation is about to end: another goes on from the stored steps. No fault of the generation's."""

    def __init__(self) -> None:
        super().__init__("handover_limit", "The work was handed over too often without a step done.")
