"""Sends requests to the bucket, which holds pictures and values that are too large for an item. Knows S3's errors.

Keys are `<hash of the owner>/<generation id>/<name>`. The hash uses the deployment's key; older hashes used none. Code
still finds objects with old names: pictures by the form of their name, all others by the key in their item.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import ObjectDeniedError, StoreRefusedError, StoreUnavailableError, UnreadableError
from shared.domain.generation import GenerationKey
from shared.domain.pictures import is_keyed
from shared.domain.pseudonym import bare_hash, keyed_hash
from shared.store.marshalling import Item

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_IN_AN_ITEM = 200 * 1024
"""Bytes of a packed input or result that stay in the item. DynamoDB allows 400 KB and bills every kilobyte."""

_LARGE = ("content", "result")
_AT_ONCE = 1_000  # the maximum of one listed page and of one DeleteObjects
# botocore has already retried, but a later try may still succeed.
_TRANSIENT = frozenset({"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "OperationAborted"})

_GONE = frozenset({"NoSuchKey", "404"})  # HeadObject has no body, so only the status tells the cause
_DENIED = frozenset({("GetObject", "AccessDenied"), ("CopyObject", "AccessDenied"), ("HeadObject", "403")})


def named_by(item: Item) -> list[str]:
    """Return the keys of the objects that a stored item refers to."""
    return [str(item[name]["S"]) for name in (f"{attribute}_object" for attribute in _LARGE) if name in item]


class Objects:
    """One S3 bucket. `client` returns the client and is called for each request, so the client is made only when
    needed. `owner_key` is the key of owners' pseudonyms.

    Raises StoreUnavailableError if S3 did not accept or answer a request, and StoreRefusedError if it refused one and
    would refuse it again. A missing object that an item refers to is an UnreadableError. S3 reports a missing object
    only to callers that may list the bucket; others get an ObjectDeniedError.
    """

    def __init__(self, client: Callable[[], "S3Client"], bucket: str, owner_key: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._owner_key = owner_key

    def prefixes_of(self, user_id: str) -> tuple[str, str]:
        """Return the prefixes of an owner's keys, with and without the deployment's key. Hashed, because an id
        identifies a person and may hold characters that a key should not."""
        return f"{keyed_hash(user_id, self._owner_key)}/", f"{bare_hash(user_id)}/"

    def key_of(self, key: GenerationKey, name: str) -> str:
        """Return the key of an object to be stored."""
        return f"{self.prefixes_of(key.owner)[0]}{key.generation_id}/{name}"

    def key_of_picture(self, key: GenerationKey, name: str) -> str:
        """Return the key of a picture, whose name shows which hash it uses."""
        prefix = self.prefixes_of(key.owner)[0 if is_keyed(name) else 1]
        return f"{prefix}{key.generation_id}/{name}"

    def offload(self, item: Item, name: str) -> Item:
        """Return `item` as it may be stored. A value that is too large is first stored as the object `name`."""
        for attribute in _LARGE:
            packed = bytes(item.get(attribute, {}).get("B", b""))
            if len(packed) > MOST_IN_AN_ITEM:
                key = self.key_of(GenerationKey(item["pk"]["S"], item["sk"]["S"].split("#")[1]), name)
                self.put(key, packed, "application/zlib")
                item = {part: value for part, value in item.items() if part != attribute}
                item[f"{attribute}_object"] = {"S": key}
        return item

    def restore(self, item: Item) -> Item:
        """Return `item` with the value that `offload` moved to an object."""
        for attribute in _LARGE:
            key = item.get(f"{attribute}_object")
            if key is not None:
                item = {**item, attribute: {"B": self.get(key["S"])}}
        return item

    def put(self, key: str, data: bytes, content_type: str, **headers: str) -> None:
        """Store an object. `headers` are arguments of PutObject that set its response headers."""
        arguments: Any = {"Body": data, "ContentType": content_type, **headers}
        self._send(lambda s3: s3.put_object(Bucket=self._bucket, Key=key, **arguments))

    def get(self, key: str) -> bytes:
        return self._send(lambda s3: s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def exists(self, key: str) -> bool:
        """Whether the object exists. Raises ObjectDeniedError if the caller may not list the bucket."""
        try:
            self._send(lambda s3: s3.head_object(Bucket=self._bucket, Key=key))
        except UnreadableError:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        """Copy an object with its metadata, inside S3. The copy's age starts at zero."""
        self._send(
            lambda s3: s3.copy_object(
                Bucket=self._bucket, Key=target, CopySource={"Bucket": self._bucket, "Key": source}
            )
        )

    def signed_url(self, key: str, seconds: float) -> str:
        """Return a URL with which anybody may read the object for at most this long. Sends nothing."""
        return self._send(
            lambda s3: s3.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=int(seconds)
            )
        )

    def delete_some(self, user_id: str) -> int:
        """Delete at most a thousand objects of an owner. Returns how many; 0 if none is left."""
        for prefix in self.prefixes_of(user_id):
            if there := self._some(prefix):
                return self.delete(there)
        return 0

    def _some(self, prefix: str) -> list[str]:
        page = self._send(lambda s3: s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=_AT_ONCE))
        return [found["Key"] for found in page.get("Contents", [])]

    def delete(self, keys: Sequence[str]) -> int:
        """Delete at most a thousand objects. Returns how many. Deleting a missing object is not an error."""
        if keys:
            given: Any = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
            answer = self._send(lambda s3: s3.delete_objects(Bucket=self._bucket, Delete=given))
            if answer.get("Errors"):
                raise StoreUnavailableError(str(answer["Errors"][0].get("Code")))
        return len(keys)

    def _send[Found](self, request: Callable[["S3Client"], Found]) -> Found:
        try:
            return request(self._client())
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _TRANSIENT or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise StoreUnavailableError(code) from error
            if code in _GONE:
                raise UnreadableError("NoSuchKey") from error
            refusal = ObjectDeniedError if (error.operation_name, code) in _DENIED else StoreRefusedError
            raise refusal(f"{error.operation_name}: {code}") from error
        except BotoCoreError as error:
            raise StoreUnavailableError(type(error).__name__) from error


def _no_bucket() -> "S3Client":
    raise RuntimeError("this store was made without a bucket")


NO_OBJECTS = Objects(_no_bucket, "")
"""For a store that never handles large items or pictures, such as the one for heartbeats."""
