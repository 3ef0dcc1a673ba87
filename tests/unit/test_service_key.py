"""The service's own key: read once for minutes, by any number of threads, and never in an error."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from functions.process.key import ServiceKey
from shared.domain.errors import TransientProviderError
from tests.factories import FakeClock

SECRET = "sk-made-up"


class Ssm:
    """SSM with one parameter, or with an error instead."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.value: str | Exception = SECRET

    def get_parameter(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if isinstance(self.value, Exception):
            raise self.value
        return {"Parameter": {"Value": self.value}}


@pytest.fixture
def ssm() -> Ssm:
    return Ssm()


def test_the_key_is_read_decrypted_when_it_is_first_needed_and_kept_for_five_minutes(
    ssm: Ssm, clock: FakeClock
) -> None:
    key = ServiceKey(lambda: ssm, "/key", clock)
    assert ssm.asked == []
    assert [key(), key()] == [SECRET, SECRET]
    clock.pass_seconds(299)
    assert key() == SECRET
    assert ssm.asked == [{"Name": "/key", "WithDecryption": True}]
    ssm.value = "sk-its-successor"
    clock.pass_seconds(2)
    assert key() == "sk-its-successor"
    assert len(ssm.asked) == 2


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": SECRET}}, "GetParameter"),
        ConnectTimeoutError(endpoint_url=f"https://{SECRET}"),
    ],
    ids=["refused", "unreachable"],
)
def test_a_key_that_cannot_be_read_is_tried_again_and_its_error_tells_nothing(
    ssm: Ssm, clock: FakeClock, error: Exception
) -> None:
    key, ssm.value = ServiceKey(lambda: ssm, "/key", clock), error
    with pytest.raises(TransientProviderError) as raised:
        key()
    assert raised.value.code == "provider_key_unavailable"
    assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r}"
    ssm.value = SECRET
    assert key() == SECRET
