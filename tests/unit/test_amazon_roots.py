"""The certificates that our AWS clients trust: Amazon's own out of botocore's, and who else keeps botocore's."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest

from local.amazon_roots import ROOTS, TARGET, RootMissingError, amazon_roots
from shared.aws import clients

BOTOCORES = Path(botocore.__file__).with_name("cacert.pem")
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def certificates(bundle: Path) -> list[str]:
    return [f"{BEGIN}{part.partition(END)[0]}{END}" for part in bundle.read_text().split(BEGIN)[1:]]


def test_each_certificate_stands_byte_for_byte_in_the_installed_botocores_bundle() -> None:
    ours, theirs = certificates(clients.AMAZON_ROOTS), set(certificates(BOTOCORES))
    assert len(ours) == len(set(ours)) == len(ROOTS)
    assert set(ours) <= theirs


def test_the_file_is_what_the_command_writes() -> None:
    assert clients.AMAZON_ROOTS == TARGET
    assert TARGET.read_text() == amazon_roots(BOTOCORES.read_text())


def test_they_are_authorities_of_amazon_trust_services_that_python_can_read() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(clients.AMAZON_ROOTS)
    names = {dict(part[0] for part in found["subject"])["commonName"] for found in context.get_ca_certs()}  # type: ignore[misc]
    assert names == set(ROOTS)


def test_a_bundle_that_lost_an_authority_is_not_written() -> None:
    without = BOTOCORES.read_text().replace("Amazon Root CA 3", "Amazon Root CA 33")
    with pytest.raises(RootMissingError, match="Amazon Root CA 3"):
        amazon_roots(without)


def trusted_by(client: Any) -> Any:
    return client._endpoint.http_session._verify


@pytest.fixture
def no_other_bundle(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    clients._session.cache_clear()  # a session reads its variables once
    yield
    clients._session.cache_clear()


@pytest.mark.usefixtures("no_other_bundle")
@pytest.mark.parametrize("make", [clients.dynamodb, clients.s3, clients.sqs, clients.ssm, clients.kms])
def test_each_client_trusts_amazon_alone_where_the_template_says_so(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_ROOTS_ONLY", "true")
    assert trusted_by(make()) == str(clients.AMAZON_ROOTS)
    monkeypatch.setenv("AMAZON_ROOTS_ONLY", "false")
    assert trusted_by(make()) is True


@pytest.mark.usefixtures("no_other_bundle")
def test_a_bundle_that_an_operator_names_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_ROOTS_ONLY", "true")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(BOTOCORES))
    assert trusted_by(clients.sqs()) == str(BOTOCORES)
