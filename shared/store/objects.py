"""Sends requests to the one bucket: what is too large for an item, and pictures. Knows S3's errors.

Keys are `<hash of the owner>/<generation id>/<name>`. The hash has the deployment's key; before there was one it had
none, and what is named by that is found still: pictures by the form of their name, all else by the key in its item.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import ObjectDeniedError, StoreRefusedError, StoreUnavailableError, UnreadableError
from shared.domain.generation import GenerationKey
from shared.domain.pictures import is_keyed
from shared.domain.pseudonym import bare_hash, keyed_hash
from shared.store.items import Item

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_IN_AN_ITEM = 200 * 1024
"""Bytes of a packed input or result that an item holds itself; DynamoDB takes 400 KB, and bills each of them."""

_LARGE = ("content", "result")
_AT_ONCE = 1_000  # the most that one page lists and one DeleteObjects takes
# botocore has tried again already, and a later try may succeed all the same.
_TRANSIENT = frozenset({"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "OperationAborted"})

_GONE = frozenset({"NoSuchKey", "404"})  # HeadObject has no body that could say more than the status
_DENIED = frozenset({("GetObject", "AccessDenied"), ("CopyObject", "AccessDenied"), ("HeadObject", "403")})


def named_by(item: Item) -> list[str]:
    """Return the keys of the objects that an item, as it is stored, names in place of what is too large for it."""
    return [str(item[name]["S"]) for name in (f"{attribute}_object" for attribute in _LARGE) if name in item]


class Objects:
    """One S3 bucket. `client` returns the client; it is asked with each request, so that it need not be made before.
    `owner_key` is the key of the hashes that stand for owners.

    Raises StoreUnavailableError when S3 did not take or answer a request, and StoreRefusedError when it refused one and
    would again. An object that an item names and that is gone is an UnreadableError. S3 only says that it is gone to
    a caller who may list the bucket; to all others it is an ObjectDeniedError.
    """

    def __init__(self, client: Callable[[], "S3Client"], bucket: str, owner_key: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._owner_key = owner_key

    def prefixes_of(self, user_id: str) -> tuple[str, str]:
        """Return what the keys of an owner begin with, now and before there was a key: an id may hold what a key should
        not, and says who it is."""
        return f"{keyed_hash(user_id, self._owner_key)}/", f"{bare_hash(user_id)}/"

    def key_of(self, key: GenerationKey, name: str) -> str:
        """Return the key of an object that is stored now."""
        return f"{self.prefixes_of(key.owner)[0]}{key.generation_id}/{name}"

    def key_of_picture(self, key: GenerationKey, name: str) -> str:
        """Return the key of a picture, whose name tells since when it is there."""
        prefix = self.prefixes_of(key.owner)[0 if is_keyed(name) else 1]
        return f"{prefix}{key.generation_id}/{name}"

    def offload(self, item: Item, name: str) -> Item:
        """Return `item` as it may be stored: what is too large for it goes to the object `name`, before the item."""
        for attribute in _LARGE:
            packed = bytes(item.get(attribute, {}).get("B", b""))
            if len(packed) > MOST_IN_AN_ITEM:
                key = self.key_of(GenerationKey(item["pk"]["S"], item["sk"]["S"].split("#")[1]), name)
                self.put(key, packed, "application/zlib")
                item = {part: value for part, value in item.items() if part != attribute}
                item[f"{attribute}_object"] = {"S": key}
        return item

    def restore(self, item: Item) -> Item:
        """Return `item` with what `offload` has put aside."""
        for attribute in _LARGE:
            key = item.get(f"{attribute}_object")
            if key is not None:
                item = {**item, attribute: {"B": self.get(key["S"])}}
        return item

    def put(self, key: str, data: bytes, content_type: str, **headers: str) -> None:
        """Store an object; `headers` are arguments of PutObject that say how it is handed out."""
        arguments: Any = {"Body": data, "ContentType": content_type, **headers}
        self._send(lambda s3: s3.put_object(Bucket=self._bucket, Key=key, **arguments))

    def get(self, key: str) -> bytes:
        return self._send(lambda s3: s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def exists(self, key: str) -> bool:
        """Whether the object is there. Raises ObjectDeniedError to a caller who may not list the bucket."""
        try:
            self._send(lambda s3: s3.head_object(Bucket=self._bucket, Key=key))
        except UnreadableError:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        """Copy an object with all that is said of it, inside S3. The copy's age begins anew."""
        self._send(
            lambda s3: s3.copy_object(
                Bucket=self._bucket, Key=target, CopySource={"Bucket": self._bucket, "Key": source}
            )
        )

    def signed_url(self, key: str, seconds: float) -> str:
        """Return a URL by which anybody may read the object for so long, at the longest. Sends nothing."""
        return self._send(
            lambda s3: s3.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=int(seconds)
            )
        )

    def delete_some(self, user_id: str) -> int:
        """Delete at most a thousand objects of an owner and return how many there were; 0 when none is left."""
        for prefix in self.prefixes_of(user_id):
            if there := self._some(prefix):
                return self.delete(there)
        return 0

    def _some(self, prefix: str) -> list[str]:
        page = self._send(lambda s3: s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=_AT_ONCE))
        return [found["Key"] for found in page.get("Contents", [])]

    def delete(self, keys: Sequence[str]) -> int:
        """Delete at most a thousand objects and return how many; one that is gone already is no error."""
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
"""For a store that never meets a large item or a picture, as that of the heartbeats."""
