"""The shared secret of HS256: read from SSM when first needed, cached for some minutes, never shown."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config

from functions.authorizer.jwks import KeysUnavailableError

_KEPT_SECONDS = 300
_MIN_BYTES = 32
"""RFC 7518, section 3.2: a key of the size of the hash output or larger."""


class SharedSecret:
    """The SecureString parameter `name`: the key of every token, whatever key id it names."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ssm = SSMProvider(boto_config=Config(connect_timeout=1, read_timeout=2))

    def find(self, _header: Mapping[str, Any]) -> bytes:
        """Return the secret. Raises KeysUnavailableError if it cannot be read or is too short."""
        try:
            value = self._ssm.get(self._name, max_age=_KEPT_SECONDS, decrypt=True)
        except GetParameterError:
            # The cause is omitted on purpose: nothing about a secret belongs in a log.
            raise KeysUnavailableError("the secret cannot be read") from None
        secret = str(value).encode()
        if len(secret) < _MIN_BYTES:
            raise KeysUnavailableError(f"the secret is shorter than {_MIN_BYTES} bytes")
        return secret
