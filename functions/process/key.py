"""The key that a call of the model is made with: the service's own, or the one that the owner gave for the generation.

Neither is ever shown, and no error says what it was.
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
    """The SecureString parameter `name`. Calling it returns the key; the threads of a batch share one read.

    `client` returns the client of SSM. Powertools' parameters do the same, and bring all of boto3 to a cold start.
    """

    def __init__(self, client: Callable[[], Any], name: str, clock: Clock) -> None:
        self._client, self._name, self._clock = client, name, clock
        self._lock = threading.Lock()
        self._key, self._good_until = "", 0.0

    def __call__(self) -> str:
        """Return the key as it was at most five minutes ago.

        Raises TransientProviderError: that it cannot be read is our fault and may be mended.
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
            # The cause is left out on purpose: nothing about a key belongs in a log.
            raise TransientProviderError(
                "provider_key_unavailable", "The service's key for the model cannot be read right now."
            ) from None
        return str(answer["Parameter"]["Value"])


class UserKeys:
    """The keys that owners gave with their generations. Calling it reads and opens one; it keeps none."""

    def __init__(self, store: UserKeyReader, seal: Seal | None) -> None:
        self._store, self._seal = store, seal

    def __call__(self, head: Generation) -> str:
        """Return the key of a generation that has one.

        Raises GenerationError when there is none any more, for good, and TransientProviderError when KMS does not
        open it now; StoreUnavailableError as every read does.
        """
        sealed = self._store.get_user_key(head)
        if sealed is None:
            raise GenerationError("user_key_missing", "The key that was given for this generation is gone.")
        if self._seal is None:
            raise GenerationError("user_key_missing", "The deployment takes no keys of its users any more.")
        try:
            return self._seal.open(sealed, head.key)
        except SealBrokenError:
            raise GenerationError("user_key_missing", "The key that was given cannot be read any more.") from None
        except SealUnavailableError:
            raise TransientProviderError(
                "user_key_unavailable", "The key that was given cannot be read right now."
            ) from None


def as_the_owners(error: ProviderError) -> ProviderError:
    """Return the error of a call that was made with the owner's key: what the key is to blame for has its own code."""
    if error.code == "provider_key_refused":
        owners = PermanentProviderError("user_key_refused", "The provider refused the key that was given.")
    elif error.code == "provider_out_of_credit":
        owners = PermanentProviderError(
            "user_key_out_of_credit", "The account of the key that was given is out of credit."
        )
    else:
        return error
    owners.usage, owners.unpaid = error.usage, error.unpaid
    return owners
