"""An owner's pseudonym: always the same under one key, and nobody without the key can make it."""

import hashlib

import pytest
import yaml

from shared.domain.pseudonym import bare_hash, keyed_hash, pseudonym
from tests.unit.test_template import TEMPLATE, _Loader

OWNERS = ["alice@example.org", "1001", "auth0|5f7c8ec7c33c6c004bbafe82", "Ö" * 64]


@pytest.mark.parametrize("owner", OWNERS)
def test_an_owner_has_one_hash_under_a_key_and_another_under_another(owner: str) -> None:
    assert keyed_hash(owner, "k1") == keyed_hash(owner, "k1") != keyed_hash(owner, "k2")
    assert keyed_hash(owner, "k1") not in (bare_hash(owner), keyed_hash(owner, ""))
    assert len(keyed_hash(owner, "k1")) == 64
    assert keyed_hash(owner, "k1").isalnum()


def test_who_knows_all_owners_and_not_the_key_finds_none() -> None:
    key = "51af3dc0-da77-11e4-872e-1234567db123"
    tried = {hash_of(f"{owner}".encode()).hexdigest() for owner in OWNERS for hash_of in (hashlib.sha256, hashlib.md5)}
    assert tried.isdisjoint(keyed_hash(owner, key) for owner in OWNERS)


def test_log_lines_and_objects_of_an_owner_can_be_joined() -> None:
    assert pseudonym("alice", "k") == "~" + keyed_hash("alice", "k")[:12]
    assert pseudonym("", "k") == ""


def test_each_function_has_the_key_and_an_upgrade_needs_none() -> None:
    template = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    found = template["Globals"]["Function"]["Environment"]["Variables"]["OWNER_KEY"]
    condition, given, otherwise = found["Fn::If"]
    assert (condition, given) == ("HasOwnerKey", {"Ref": "OwnerKey"})
    assert otherwise == {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    assert (template["Parameters"]["OwnerKey"]["Default"], template["Parameters"]["OwnerKey"]["NoEcho"]) == ("", True)
