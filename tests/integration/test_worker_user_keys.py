"""A generation with its owner's own provider key uses that key and does not even read ours. If the key is refused, the
error says who is to blame."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import boto3
import pytest

from functions.process.ending import Ending
from shared.aws.sealing import Seal
from shared.domain.errors import PermanentProviderError, ProviderError, SealUnavailableError, TransientProviderError
from shared.domain.generation import Generation, GenerationKey
from shared.domain.limits import Policy
from shared.domain.states import Status
from shared.store.admission import Admission
from tests.factories import SETTINGS, a_generation, an_input
from tests.integration.worker_rig import PAID, Rig, answering, raising, spent_usd

USERS = "sk-or-v1-of-a-user"
OURS = "sk-made-up"
BUSY = TransientProviderError("provider_unavailable", "Busy.")
REFUSED = PermanentProviderError("provider_key_refused", "the provider refused the key (HTTP 401)")
OUT_OF_CREDIT = PermanentProviderError("provider_out_of_credit", "the provider's account is out of credit", usage=PAID)


class CountingSeal(Seal):
    """Counts how often KMS is asked to decrypt, and refuses while `down`."""

    def __init__(self, kms: Any, key_id: str) -> None:
        super().__init__(lambda: kms, key_id)
        self.opened, self.down = 0, False

    def open(self, sealed: bytes, key: GenerationKey) -> str:
        self.opened += 1
        if self.down:
            raise SealUnavailableError("ThrottlingException")
        return super().open(sealed, key)


@pytest.fixture
def seal(dynamodb: Any) -> CountingSeal:  # noqa: ARG001 - moto is on for as long as its table is
    kms = boto3.client("kms", region_name="eu-central-1")
    return CountingSeal(kms, kms.create_key()["KeyMetadata"]["Arn"])


def not_ours() -> str:
    raise AssertionError("the service's own key was read")


@pytest.fixture
def rig(rig: Rig, seal: CountingSeal) -> Rig:
    rig.seal, rig.api_key = seal, not_ours
    return rig


def with_a_key(rig: Rig, key: str = USERS) -> Generation:
    generation = a_generation(rig.clock)
    assert rig.seal is not None
    seal = partial(rig.seal.close, key, generation.key)
    head = rig.store.admission.admit(generation, an_input(), Admission(Policy({}), seal=seal)).head
    assert head is not None
    return head


def keys_sent(rig: Rig) -> list[str]:
    return [call.api_key for call in rig.model.calls]


def test_the_owners_key_is_sent_and_decrypted_once_an_attempt_with_a_repair_too(rig: Rig, seal: CountingSeal) -> None:
    handled, after = rig.run(with_a_key(rig), answering("no JSON"), answering())
    assert (handled.ending, after.status) == (Ending.SUCCEEDED, Status.SUCCEEDED)
    assert keys_sent(rig) == [USERS, USERS]
    assert seal.opened == 1


def test_every_attempt_reads_and_decrypts_the_key_anew(rig: Rig, seal: CountingSeal) -> None:
    _, released = rig.run(with_a_key(rig), raising(BUSY))
    rig.clock.pass_seconds(10)
    held = rig.claimed(released)
    handled, after = rig.run(rig.lost(held), answering())
    assert (handled.ending, after.isolated, after.own_key) == (Ending.SUCCEEDED, True, True)
    assert keys_sent(rig) == [USERS, USERS]
    assert seal.opened == 2


def test_each_generation_has_its_own(rig: Rig) -> None:
    for key in ("sk-of-alice", "sk-of-bob"):
        rig.run(with_a_key(rig, key), answering())
    rig.api_key = lambda: OURS
    rig.run(rig.pending(), answering())
    assert keys_sent(rig) == ["sk-of-alice", "sk-of-bob", OURS]


def test_what_it_costs_is_the_owners_money(rig: Rig) -> None:
    handled, after = rig.run(with_a_key(rig), answering())
    assert (spent_usd(handled), after.usage) == (Decimal(0), PAID)


def key_of(head: Generation) -> dict[str, Any]:
    return {"pk": {"S": head.user_id}, "sk": {"S": f"Y#{head.generation_id}"}}


def delete_key(_rig: Rig, dynamodb: Any, head: Generation) -> None:
    dynamodb.delete_item(TableName=SETTINGS.table_name, Key=key_of(head))


def expire_key(_rig: Rig, dynamodb: Any, head: Generation) -> None:
    change_key(dynamodb, head, "expires_at", {"N": str(int(head.created_at.timestamp()))})


def give_anothers(rig: Rig, dynamodb: Any, head: Generation) -> None:
    assert rig.seal is not None
    change_key(dynamodb, head, "sealed", {"B": rig.seal.close(USERS, GenerationKey("mallory", "g-1"))})


def take_none_any_more(rig: Rig, _dynamodb: Any, _head: Generation) -> None:
    rig.seal = None


def change_key(dynamodb: Any, head: Generation, name: str, value: Any) -> None:
    dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=key_of(head),
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": value},
    )


@pytest.mark.parametrize("lose", [delete_key, expire_key, give_anothers, take_none_any_more])
def test_a_key_that_is_gone_fails_the_generation_without_a_call(
    rig: Rig, dynamodb: Any, lose: Callable[[Rig, Any, Generation], None]
) -> None:
    head = with_a_key(rig)
    lose(rig, dynamodb, head)
    handled, after = rig.run(head)
    assert (handled.ending, handled.ours) == (Ending.FAILED, False)
    assert after.error is not None
    assert (after.error.code, after.calls) == ("user_key_missing", 0)


def test_while_kms_is_throttled_the_generation_waits_as_for_a_provider(rig: Rig, seal: CountingSeal) -> None:
    seal.down = True
    handled, released = rig.run(with_a_key(rig))
    assert (handled.ending, handled.ours, released.status, released.calls) == (
        Ending.RELEASED, True, Status.PENDING, 0
    )  # fmt: skip
    assert rig.events(released)[0].code == "user_key_unavailable"
    assert released.not_before is not None
    seal.down = False
    rig.clock.pass_seconds(10)
    assert rig.run(released, answering())[0].ending is Ending.SUCCEEDED


@pytest.mark.parametrize(
    ("error", "theirs"), [(REFUSED, "user_key_refused"), (OUT_OF_CREDIT, "user_key_out_of_credit")]
)
def test_a_key_that_the_provider_does_not_take_is_its_owners_fault_and_is_not_tried_again(
    rig: Rig, error: ProviderError, theirs: str, caplog: pytest.LogCaptureFixture
) -> None:
    handled, after = rig.run(with_a_key(rig), raising(error))
    assert (handled.ending, handled.ours, rig.dispatch.sent) == (Ending.FAILED, False, [])
    assert after.error is not None
    assert after.error.code == theirs
    assert after.usage.calls == (error.usage.calls if error.usage else 0)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("error", [REFUSED, OUT_OF_CREDIT])
def test_the_same_with_the_services_key_is_ours_and_an_error_in_the_log(
    rig: Rig, error: ProviderError, caplog: pytest.LogCaptureFixture
) -> None:
    rig.api_key = lambda: OURS
    handled, after = rig.run(rig.pending(), raising(error))
    assert (handled.ending, handled.ours) == (Ending.FAILED, True)
    assert after.error is not None
    assert after.error.code == error.code
    assert [record for record in caplog.records if record.levelname == "ERROR"]


def test_other_errors_of_a_call_with_the_owners_key_keep_their_code(rig: Rig) -> None:
    _, after = rig.run(with_a_key(rig), raising(PermanentProviderError("output_refused", "No.")))
    assert after.error is not None
    assert after.error.code == "output_refused"
