"""Builds the AWS clients: the one place that sets time-outs and retries.

They are botocore's own, as boto3.client returns them: importing boto3 itself costs a seventh of a cold start.
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

# botocore's legacy mode tries ten times and reads for 60 s: longer than any lease. Three tries of at most 3 s
# each leave room for the work. A worker's pool serves a batch of ten and the heartbeat of each.
STANDARD = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=2, max_pool_connections=32
)
# For the table, whose requests are repeated in one place, shared.store.table: with three tries here and five there, one
# read of a throttled partition was fifteen requests and 8 to 12 s. It answers within milliseconds or is not well.
ONE_SHORT_TRY = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=1.5, max_pool_connections=32
)

# Without `virtual` a signed URL names S3's global host, which redirects elsewhere than to what was signed; without
# `s3v4` it is signed in the old way in us-east-1. An object may take longer to be answered than an item.
FOR_OBJECTS = STANDARD.merge(Config(read_timeout=5, signature_version="s3v4", s3={"addressing_style": "virtual"}))


class Patience(NamedTuple):
    """How often one request is sent at most, and for how many seconds another try may begin.

    It is the one layer of retries: the client beneath must not retry, or the two multiply.
    """

    tries: int
    seconds: float


FOR_A_CALLER = Patience(5, 2.0)
"""Somebody waits for the answer, in a function of ten seconds: a try that hangs takes 1.5, so this ends within 3.5."""
FOR_A_WORKER = Patience(8, 8.0)
"""Nobody waits, and what is given up was paid for; a lease takes 40."""
FOR_A_HEARTBEAT = Patience(2, 0.5)
"""The next beat is the better retry."""
FOR_A_PUSH = Patience(1, 0.0)
"""Who is not told of a change looks by itself, and others wait behind it."""


# urllib3 reads the whole bundle for each new connection: 19 ms of CPU for the 126 authorities that botocore brings.
AMAZON_ROOTS = Path(__file__).with_name("amazon-roots.pem")
"""Amazon's own five authorities, one of which vouches for each endpoint of the partition `aws`."""

_LOCK = threading.Lock()


class Late[Client]:
    """Calling it returns the client, which is made the first time: few calls of a function need each of them.

    Safe to share between threads; a session may not make two clients at the same time.
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
    """Have every client that is made from now on be of this region, whatever the environment says."""
    _session().set_config_variable("region", name)


def _client(service: str, config: Config) -> Any:
    """Make a client. Before the first event it rehearses a call, and the first real one need not load anything."""
    client = _session().create_client(service, config=config, verify=_trusted())
    if init.under_way():
        rehearse(client)
    return client


def _trusted() -> str | None:
    """Return the bundle that clients trust; with None botocore decides: by AWS_CA_BUNDLE, or by what it brings."""
    if os.environ.get("AMAZON_ROOTS_ONLY") == "true" and not os.environ.get("AWS_CA_BUNDLE"):
        return str(AMAZON_ROOTS)
    return None


def dynamodb() -> "DynamoDBClient":
    """Return a client that tries once, for 2.5 s at most: who uses it tries again."""
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
