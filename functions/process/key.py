"""The service's own provider key: read from SSM when first needed, kept for some minutes, never shown."""

import threading

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config

from shared.errors import TransientProviderError

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
