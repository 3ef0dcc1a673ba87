"""The provider key of a model call: the service's own, or the one that the owner sent with the generation.

Neither is ever shown, not even in errors.
"""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.sealing import Seal
from shared.domain.clock import Clock
from shared.domain.errors import (
    GenerationError,
    PermanentProviderError,
    ProviderError,
    SealBrokenError,
    SealUnavailableError,
    TransientProviderError,
)
from shared.domain.generation import Generation
from shared.store.user_key import UserKeyReader

_KEPT_SECONDS = 300


class ServiceKey:
    """The SecureString parameter `name`. Calling it returns the key. The threads of a batch share one read.

    `client` returns the SSM client. Powertools' parameters do the same, but import all of boto3 in a cold start.
    """

    def __init__(self, client: Callable[[], Any], name: str, clock: Clock) -> None:
        self._client, self._name, self._clock = client, name, clock
        self._lock = threading.Lock()
        self._key, self._good_until = "", 0.0

    def __call__(self) -> str:
        """Return the key, at most five minutes old.

        Raises TransientProviderError if it cannot be read: that is the operator's fault, and may be fixed meanwhile.
        """
        with self._lock:
            now = self._clock.monotonic()
            if not self._key or now >= self._good_until:
                self._key, self._good_until = self._read(), now + _KEPT_SECONDS
            return self._key

    def _read(self) -> str:
        try:
            answer = self._client().get_parameter(Name=self._name, WithDecryption=True)
        except (ClientError, BotoCoreError):
            # The cause is omitted on purpose: nothing about a key belongs in a log.
            raise TransientProviderError(
                "provider_key_unavailable", "The service's provider key cannot be read right now."
            ) from None
        return str(answer["Parameter"]["Value"])


class UserKeys:
    """The keys that owners sent with their generations. Calling it reads and decrypts one. Caches none."""

    def __init__(self, store: UserKeyReader, seal: Seal | None) -> None:
        self._store, self._seal = store, seal

    def __call__(self, head: Generation) -> str:
        """Return the key of a generation that has its own.

        Raises GenerationError if it is missing for good, TransientProviderError if KMS does not decrypt it now, and
        StoreUnavailableError as every read does.
        """
        sealed = self._store.get_user_key(head)
        if sealed is None:
            raise GenerationError("user_key_missing", "The key sent with this generation is missing.")
        if self._seal is None:
            raise GenerationError("user_key_missing", "The deployment no longer takes users' keys.")
        try:
            return self._seal.open(sealed, head.key)
        except SealBrokenError:
            raise GenerationError("user_key_missing", "The key sent with this generation is unreadable.") from None
        except SealUnavailableError:
            raise TransientProviderError(
                "user_key_unavailable", "The key sent with it cannot be read right now."
            ) from None


def as_the_owners(error: ProviderError) -> ProviderError:
    """Return the error of a call with the owner's key. Errors that the key causes have their own codes."""
    if error.code == "provider_key_refused":
        owners = PermanentProviderError("user_key_refused", "The provider refused your key.")
    elif error.code == "provider_out_of_credit":
        owners = PermanentProviderError("user_key_out_of_credit", "Your key's account has no credit left.")
    else:
        return error
    owners.usage, owners.unpaid = error.usage, error.unpaid
    return owners
