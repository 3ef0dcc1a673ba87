"""Builds the AWS clients. The only place that sets timeouts and retries.

The clients are botocore's, the same that boto3.client returns. Importing boto3 would add a seventh to a cold start.
"""

import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import botocore.session
from botocore.config import Config

from shared.aws import init
from shared.aws.rehearsal import rehearse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# botocore's legacy mode tries ten times and reads for 60 s, which is longer than any lease. Three tries of at most 3 s
# each leave time for the work. The pool serves a worker's batch of ten and its ten heartbeats.
STANDARD = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=2, max_pool_connections=32
)
# For the table: only shared.store.table retries its requests. With three tries here and five there, one read of a
# throttled partition took fifteen requests and 8 to 12 s. A healthy table answers within milliseconds.
ONE_SHORT_TRY = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=1.5, max_pool_connections=32
)

# Without `virtual`, a signed URL names S3's global host, whose redirect breaks the signature. Without `s3v4`, us-east-1
# uses the old signature. Reading an object may take longer than reading an item.
FOR_OBJECTS = STANDARD.merge(Config(read_timeout=5, signature_version="s3v4", s3={"addressing_style": "virtual"}))


class Patience(NamedTuple):
    """How many times one request is sent at most, and for how many seconds a new try may begin.

    This is the only layer of retries. The client beneath must not retry, or the two multiply.
    """

    tries: int
    seconds: float


FOR_A_CALLER = Patience(5, 2.0)
"""A caller waits for the response, in a function that may take 10 s. A hanging try takes 1.5 s, so this ends within 3.5
s."""
FOR_A_WORKER = Patience(8, 8.0)
"""Nobody waits, and giving up loses paid work. A lease lasts 40 s."""
FOR_A_HEARTBEAT = Patience(2, 0.5)
"""The next heartbeat is the better retry."""
FOR_A_PUSH = Patience(1, 0.0)
"""A client that gets no push polls, and other pushes wait behind this one."""


# urllib3 reads the whole bundle for each new connection: 19 ms of CPU for the 126 authorities in botocore's bundle.
AMAZON_ROOTS = Path(__file__).with_name("amazon-roots.pem")
"""Amazon's own five authorities. One of them vouches for each endpoint of the partition `aws`."""

_LOCK = threading.Lock()


class Late[Client]:
    """Calling it returns the client. The first call makes it, because few calls of a function need every client.

    Safe to share between threads. A session must not make two clients at the same time, so a lock guards it.
    """

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._made: Client | None = None

    def __call__(self) -> Client:
        with _LOCK:
            if self._made is None:
                self._made = self._make()
            return self._made


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def set_region(name: str) -> None:
    """Use this region for every client made from now on, whatever the environment says."""
    _session().set_config_variable("region", name)


def _client(service: str, config: Config) -> Any:
    """Make a client. Before the first event, also rehearse a call, so that the first real call loads nothing."""
    client = _session().create_client(service, config=config, verify=_trusted())
    if init.under_way():
        rehearse(client)
    return client


def _trusted() -> str | None:
    """Return the bundle that clients trust. None leaves the choice to botocore: AWS_CA_BUNDLE, or its own bundle."""
    if os.environ.get("AMAZON_ROOTS_ONLY") == "true" and not os.environ.get("AWS_CA_BUNDLE"):
        return str(AMAZON_ROOTS)
    return None


def dynamodb() -> "DynamoDBClient":
    """Return a client that tries once, for 2.5 s at most. Its caller must retry."""
    client: DynamoDBClient = _client("dynamodb", ONE_SHORT_TRY)
    return client


def connections(endpoint: str) -> Any:
    """Return a client that posts to the open WebSockets of the stage at `endpoint`, with one try of 3 s at most."""
    return _session().create_client(
        "apigatewaymanagementapi", endpoint_url=endpoint, config=ONE_SHORT_TRY, verify=_trusted()
    )


def s3() -> "S3Client":
    """Return a client for objects of some megabytes, whose signed URLs lead to the bucket in its own region."""
    client: S3Client = _client("s3", FOR_OBJECTS)
    return client


def kms() -> Any:
    """Return a client whose calls end within about 10 seconds."""
    return _client("kms", STANDARD)


def ssm() -> Any:
    """Return a client whose calls end within about 10 seconds."""
    return _client("ssm", STANDARD)


def sqs() -> "SQSClient":
    """Return a client whose calls end within about 10 seconds."""
    client: SQSClient = _client("sqs", STANDARD)
    return client
