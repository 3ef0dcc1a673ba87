"""The key that a call of the model is made with: the service's own, or the one that the owner gave for the generation.

Neither is ever shown, and no error says what it was.
"""

import threading

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config

from shared.errors import (
    GenerationError,
    PermanentProviderError,
    ProviderError,
    SealBrokenError,
    SealUnavailableError,
    TransientProviderError,
)
from shared.generation import Generation
from shared.sealing import Seal
from shared.store import Store

_KEPT_SECONDS = 300


class ServiceKey:
    """The SecureString parameter `name`. Calling it returns the key; the threads of a batch share one read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._ssm: SSMProvider | None = None

    def __call__(self) -> str:
        """Return the key. Raises TransientProviderError: that it cannot be read is our fault and may be mended."""
        with self._lock:
            if self._ssm is None:
                self._ssm = SSMProvider(boto_config=Config(connect_timeout=1, read_timeout=2))
            try:
                value = self._ssm.get(self._name, max_age=_KEPT_SECONDS, decrypt=True)
            except GetParameterError:
                # The cause is left out on purpose: nothing about a key belongs in a log.
                raise TransientProviderError(
                    "provider_key_unavailable", "The service's key for the model cannot be read right now."
                ) from None
        return str(value)


class UserKeys:
    """The keys that owners gave with their generations. Calling it reads and opens one; it keeps none."""

    def __init__(self, store: Store, seal: Seal | None) -> None:
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
            return self._seal.open(sealed, head.user_id, head.generation_id)
        except SealBrokenError:
            raise GenerationError("user_key_missing", "The key that was given cannot be read any more.") from None
        except SealUnavailableError:
            raise TransientProviderError(
                "user_key_unavailable", "The key that was given cannot be read right now."
            ) from None


def as_the_owners(error: ProviderError) -> ProviderError:
    """Return the error of a call that was made with the owner's key: what the key is to blame for has its own code."""
    usage, call_id = error.usage, error.call_id
    if error.code == "provider_key_refused":
        message = "The provider refused the key that was given."
        return PermanentProviderError("user_key_refused", message, usage=usage, call_id=call_id)
    if error.code == "provider_out_of_credit":
        message = "The account of the key that was given is out of credit."
        return PermanentProviderError("user_key_out_of_credit", message, usage=usage, call_id=call_id)
    return error
