"""Posts to open WebSockets through API Gateway's management API. Knows no owners and no contents."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import ConnectionGoneError, NotPostedError


class Sockets:
    """`client` returns the client of one stage. Safe to share between threads.

    Each call is tried once. Raises ConnectionGoneError and NotPostedError. AWS's own errors go no further, because
    their text may quote the message.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def post(self, connection_id: str, message: bytes) -> None:
        self._ask("post_to_connection", ConnectionId=connection_id, Data=message)

    def close(self, connection_id: str) -> None:
        self._ask("delete_connection", ConnectionId=connection_id)

    def _ask(self, operation: str, **given: Any) -> None:
        try:
            getattr(self._client(), operation)(**given)
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
        except BotoCoreError as error:
            code = type(error).__name__
        else:
            return
        raise ConnectionGoneError if code in ("GoneException", "410") else NotPostedError(code)
