"""The same tests against every DynamoDB there is here: moto, in this process, and MiniStack, over the wire."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.emulator import ACCESS_KEY, REGION, start_emulator
from shared.aws.clients import ONE_SHORT_TRY
from tests.factories import SETTINGS, FakeClock, create_bucket, create_table, moto_dynamodb, s3_beside


@pytest.fixture(scope="session")
def ministack() -> Iterator[Any]:
    """A DynamoDB client of an emulator that only these tests use, configured as the functions' own."""
    with tempfile.TemporaryDirectory(prefix="unstuck-") as state:
        emulator = start_emulator(Path(state))
        try:
            session = boto3.Session(ACCESS_KEY, ACCESS_KEY, region_name=REGION)
            # On a busy machine, the emulator's first answers take longer than a function would wait.
            patient = session.client("dynamodb", endpoint_url=emulator.url)
            create_table(patient, SETTINGS.table_name)
            create_bucket(patient)
            patient.close()
            client = session.client("dynamodb", endpoint_url=emulator.url, config=ONE_SHORT_TRY)
            yield client
            client.close()
            s3_beside(client).close()
        finally:
            emulator.child.stop()


@pytest.fixture(params=["moto", "ministack"])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "ministack":
        yield request.getfixturevalue("ministack")
        return
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def owner(clock: FakeClock) -> str:
    """An owner that no other test knows."""
    return f"owner {clock.token()}"
