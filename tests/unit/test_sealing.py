"""Sealing a user's provider key with KMS: for one generation of one owner, and silent about the key when it fails."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from shared.aws.sealing import Seal
from shared.domain.errors import SealBrokenError, SealUnavailableError
from shared.domain.generation import GenerationKey

MINE = GenerationKey("alice", "g-1")
SECRET = "sk-or-v1-of-a-user"


@pytest.fixture
def kms() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("kms", region_name="eu-central-1")


@pytest.fixture
def seal(kms: Any) -> Seal:
    return Seal(lambda: kms, kms.create_key()["KeyMetadata"]["Arn"])


def test_what_is_sealed_is_opened_for_the_same_generation(seal: Seal) -> None:
    sealed = seal.close(SECRET, MINE)
    assert SECRET.encode() not in sealed
    assert seal.open(sealed, MINE) == SECRET


@pytest.mark.parametrize("other", [("bob", "g-1"), ("alice", "g-2")])
def test_what_is_sealed_for_one_generation_does_not_open_for_another(seal: Seal, other: tuple[str, str]) -> None:
    sealed = seal.close(SECRET, MINE)
    with pytest.raises(SealBrokenError):
        seal.open(sealed, GenerationKey(*other))


class Failing:
    """A client of KMS whose every call ends in one error, that quotes what it was sent."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def encrypt(self, **_: Any) -> None:
        raise self._error

    decrypt = encrypt


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"no {SECRET}"}}, "Encrypt")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refused("ThrottlingException"), "ThrottlingException"),
        (refused("AccessDeniedException"), "AccessDeniedException"),
        (refused("KMSInvalidStateException"), "KMSInvalidStateException"),
        (EndpointConnectionError(endpoint_url=f"https://{SECRET}"), "EndpointConnectionError"),
    ],
)
def test_kms_that_does_not_answer_is_unavailable_and_its_words_go_no_further(error: Exception, told: str) -> None:
    seal = Seal(lambda: Failing(error), "key")
    for ask in (
        lambda: seal.close(SECRET, MINE),
        lambda: seal.open(b"sealed", MINE),
    ):
        with pytest.raises(SealUnavailableError) as unavailable:
            ask()
        assert unavailable.value.args == (told,)
        assert unavailable.value.__cause__ is None
        assert unavailable.value.__context__ is None, "a logged traceback would hold it"
