"""Encrypts a user's provider key with KMS, for one generation of one owner. Stores and caches nothing.

Decrypting needs the same owner and generation: KMS compares them as the encryption context.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import SealBrokenError, SealUnavailableError
from shared.domain.generation import GenerationKey

_BROKEN = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class Seal:
    """The KMS key `key_id`. `client` returns the client of KMS. Safe to share between threads.

    Raises SealUnavailableError when KMS refuses, throttles or cannot be reached. KMS's own errors go no further: what a
    library says about a request with a key in it does not belong in a log.
    """

    def __init__(self, client: Callable[[], Any], key_id: str) -> None:
        self._client, self._key_id = client, key_id

    def close(self, secret: str, key: GenerationKey) -> bytes:
        """Return `secret`, encrypted for this generation only."""
        answer = self._ask("encrypt", key, {"Plaintext": secret.encode()})
        return bytes(answer["CiphertextBlob"])

    def open(self, sealed: bytes, key: GenerationKey) -> str:
        """Return the decrypted secret. Raises SealBrokenError if it was sealed for another generation, or was
        changed."""
        answer = self._ask("decrypt", key, {"CiphertextBlob": sealed})
        return bytes(answer["Plaintext"]).decode()

    def _ask(self, operation: str, key: GenerationKey, given: Mapping[str, bytes]) -> Any:
        context = {"user_id": key.owner, "generation_id": key.generation_id}
        try:
            return getattr(self._client(), operation)(KeyId=self._key_id, EncryptionContext=context, **given)
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
        except BotoCoreError as error:
            code = type(error).__name__
        raise SealBrokenError if code in _BROKEN else SealUnavailableError(code)
