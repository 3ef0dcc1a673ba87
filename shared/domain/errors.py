"""Every error of the domain, grouped by how to handle it. Imports nothing of the project.

An error carries its data. Only `retry_policy.py` decides by its type whether to retry.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.domain.generation import Generation, Usage
    from shared.domain.limits import Rate

MESSAGE_LENGTH = 100


class UnstuckError(Exception):
    """Base of all errors that the code raises on purpose."""


class TransitionRefusedError(UnstuckError):
    """A condition of the transition did not hold. `current` is the stored head, None if there is none."""

    def __init__(self, transition: str, current: "Generation | None") -> None:
        super().__init__(transition, current and f"{current.status} fence {current.fence}")
        self.transition = transition
        self.current = current


class LeaseLostError(UnstuckError):
    """Another worker holds the generation, or it has ended. Stop at once and write nothing more."""


class DeadlinePassedError(UnstuckError):
    """This worker still holds the generation, but its deadline has passed. Fail it."""


class StoreUnavailableError(UnstuckError):
    """DynamoDB did not accept or confirm a write. Its outcome is unknown, and a later retry is safe."""


class StoreRefusedError(UnstuckError):
    """DynamoDB or S3 refused a request and would refuse it again. A permission is missing, or the request is wrong.

    Its argument names the operation and the service's own code.
    """


class ObjectDeniedError(StoreRefusedError):
    """S3 denied access to an object. It gives the same answer for a missing permission and, to a caller that may not
    list the bucket, for a missing object."""


class UnreadableError(UnstuckError, ValueError):
    """This version cannot read what is stored, now or later. It is damaged, written by a newer version, or missing."""


class ConnectionGoneError(UnstuckError):
    """API Gateway does not know the connection. It is closed, or its handshake has not ended yet."""


class NotPostedError(UnstuckError):
    """A message could not be posted to a connection. Its argument is the service's or botocore's own code."""


class SealUnavailableError(UnstuckError):
    """KMS did not encrypt or decrypt. A later retry may help. Its argument is KMS's own code, never a key."""


class SealBrokenError(UnstuckError):
    """The sealed key cannot be decrypted for this generation, now or later."""


class EditsTooLargeError(UnstuckError):
    """An owner's edits of suggestions are too large to store."""


class AdmissionRefusedError(UnstuckError):
    """A limit of the owner is reached. `code` names it. Nothing was stored.

    `retry_after_seconds` is whole seconds, rounded up. `rate` is the state of the owner's rate limit, if any.
    """

    def __init__(self, code: str, retry_after_seconds: int, rate: "Rate | None") -> None:
        super().__init__(code, retry_after_seconds)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.rate = rate


class KeyReusedError(UnstuckError):
    """The idempotency key was used for another request within a day. Nothing was stored."""


class MessageRefusedError(UnstuckError):
    """This version cannot process the queue message. It goes back to the queue."""


class GenerationError(UnstuckError):
    """Ends an attempt with a code that the owner may read.

    `message` is cut to 100 characters and never holds a key, the prompt or the provider's words about them. `usage` is
    the known cost of the failed call. `unpaid` means that the call cost nothing: it was refused, or not sent, before
    the model's first token.
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
    """A kind fails on purpose, with a code that it declares. The same input would fail again."""


class StorageUnavailableError(GenerationError):
    """The attempt's result cannot be stored. A later attempt continues once DynamoDB and S3 accept writes again."""

    def __init__(self) -> None:
        super().__init__("storage_unavailable", "The result could not be stored.")


class ProviderError(GenerationError):
    """The model's API did not give a usable answer."""


class TransientProviderError(ProviderError):
    """The same call may succeed later, but not before `retry_after_seconds` if the provider set it."""


class PermanentProviderError(ProviderError):
    """The same call would fail again. Never retry it."""


class ProtocolBrokenError(PermanentProviderError):
    """The response did not follow the server's protocol. One more call may help; a second such response is a fault."""


class InvalidOutputError(ProviderError):
    """The model's answer does not have the required form. One repair turn may help; the same call will not."""


class CallDeadlineExceededError(TransientProviderError):
    """The call exceeded its timeout; code `provider_timeout`."""


class CallCanceledError(UnstuckError):
    """The worker closed the stream because the lease was lost or the invocation is about to end."""


class CeilingReachedError(GenerationError):
    """A limit of the kind (calls of a step, cost) forbids the next call. The generation fails."""


class HandoverError(GenerationError):
    """The invocation is about to end. Another continues from the stored steps. The generation is not at fault."""

    def __init__(self) -> None:
        super().__init__("handover_limit", "Too many invocations in a row ended before a step was done.")
