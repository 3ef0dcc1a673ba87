"""S3 and KMS in memory, each behind the boundary: as much of their clients as the code under test uses."""

import io
import json
from collections.abc import Callable
from typing import Any

from tests.simulation.boundary import Boundary
from tests.simulation.faults import Fault, Site
from tests.simulation.writes import error


class S3Client:
    """One bucket. Objects are whole or not there; every read sees the last write, as in S3."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_headers: str) -> dict[str, Any]:  # noqa: N803
        def put() -> dict[str, Any]:
            self.objects[Key] = Body
            return {}

        return self._send("put_object", put)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return self._send("get_object", lambda: {"Body": io.BytesIO(self._there(Key, "GetObject"))})

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        def copy() -> dict[str, Any]:
            self.objects[Key] = self._there(CopySource["Key"], "CopyObject")
            return {}

        return self._send("copy_object", copy)

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:  # noqa: N803
        def page() -> dict[str, Any]:
            found = sorted(key for key in self.objects if key.startswith(Prefix))[:MaxKeys]
            return {"Contents": [{"Key": key} for key in found]}

        return self._send("list_objects_v2", page)

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        def delete() -> dict[str, Any]:
            for found in Delete["Objects"]:
                self.objects.pop(found["Key"], None)
            return {}

        return self._send("delete_objects", delete)

    def generate_presigned_url(self, operation: str, *, Params: dict[str, str], ExpiresIn: int) -> str:  # noqa: N803
        return f"https://simulated/{Params['Key']}?{operation}&expires={ExpiresIn}"

    def _there(self, key: str, operation: str) -> bytes:
        if key not in self.objects:
            raise error("NoSuchKey", "The specified key does not exist.", operation)
        return self.objects[key]

    def _send(self, name: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        def apply(_fault: Fault | None) -> dict[str, Any]:
            return act()

        answer: dict[str, Any] = self._boundary.send(Site.SERVICE, name, apply)
        return answer


class KmsClient:
    """One key. A text encrypted under one context opens under no other."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    def encrypt(self, *, KeyId: str, EncryptionContext: dict[str, str], Plaintext: bytes) -> Any:  # noqa: N803
        sealed = json.dumps([KeyId, sorted(EncryptionContext.items())]).encode() + b"\0" + Plaintext[::-1]
        return self._boundary.send(Site.SERVICE, "encrypt", lambda _fault: {"CiphertextBlob": sealed})

    def decrypt(self, *, KeyId: str, EncryptionContext: dict[str, str], CiphertextBlob: bytes) -> Any:  # noqa: N803
        def open_it(_fault: Fault | None) -> dict[str, bytes]:
            context, _, secret = bytes(CiphertextBlob).partition(b"\0")
            if context != json.dumps([KeyId, sorted(EncryptionContext.items())]).encode():
                raise error("InvalidCiphertextException", "", "Decrypt")
            return {"Plaintext": secret[::-1]}

        return self._boundary.send(Site.SERVICE, "decrypt", open_it)
