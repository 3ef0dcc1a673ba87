"""With a user's key a request may cost KMS and a slow hash: neither is asked before the limits and what is stored."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from functions.actions.retry import RetryService
from functions.create.service import CreateService
from shared.aws.sealing import Seal
from shared.domain.errors import AdmissionRefusedError, KeyReusedError, SealUnavailableError
from shared.domain.generation import Called, ErrorInfo, Generation, GenerationKey, Totals, Usage
from shared.domain.limits import Limit, Policy
from shared.http.response import Response
from shared.store.admission import Admission, AdmissionStore
from shared.store.marshalling import unmarshal
from shared.store.whole import Store
from tests.factories import LONG_TEXT, SETTINGS, FakeClock, RecordingDispatch, a_generation, an_input, moto_dynamodb
from tests.unit.requests import a_request, body_of

KEY = "sk-or-v1-of-a-user"
ASKED = {"source_text": LONG_TEXT, "user_provided_key": KEY}
ONE = Policy({"*": Limit("create", 1, 300)})


class CountingKms:
    """Counts what it is asked, and refuses all of it while it is `down`."""

    def __init__(self) -> None:
        self.calls, self.down = 0, False

    def encrypt(self, **_given: Any) -> dict[str, bytes]:
        self.calls += 1
        if self.down:
            raise SealUnavailableError("AccessDeniedException")
        return {"CiphertextBlob": b"sealed"}


@dataclass
class Desk:
    """Both services over one store, with the number of their requests to KMS and scrypt."""

    store: Store
    clock: FakeClock
    hashes: list[bytes]
    kms: CountingKms = field(default_factory=CountingKms)
    policy: Policy = field(default_factory=lambda: Policy({}))

    def __post_init__(self) -> None:
        self.owner = f"owner {self.clock.token()}"
        self.seal = Seal(lambda: self.kms, "key")

    def create(self, body: Mapping[str, Any] = ASKED, idempotency_key: str | None = None) -> Response:
        service = CreateService(self.store.admission, RecordingDispatch(), self.clock, SETTINGS, self.policy, self.seal)
        headers = {} if idempotency_key is None else {"idempotency_key": idempotency_key}
        return service.create(a_request(self.owner, dict(body), query=None, **headers))

    def retry(self, head: Generation, body: Any = None) -> Response:
        service = RetryService(self.store.retries, RecordingDispatch(), self.clock, SETTINGS, self.policy, self.seal)
        return service.retry(a_request(self.owner, body, generation_id=head.generation_id))

    def failed(self) -> Generation:
        """One that was made with a key of the user's, and failed by its fault."""
        admission = Admission(Policy({}), seal=lambda: b"sealed")
        head = self.store.admission.admit(a_generation(self.clock, user_id=self.owner), an_input(), admission).head
        assert head is not None
        held = self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), (head.kind,))
        self.store.worker.fail(held, Totals(0, Usage(1, 1, 1, Decimal(1))), ErrorInfo("user_key_refused", "No."))
        return self.store.reads.get(head.key) or head

    def fill(self) -> None:
        self.policy = ONE
        self.store.admission.admit(a_generation(self.clock, user_id=self.owner), an_input(), Admission(ONE))

    def be_busy(self) -> None:
        self.policy = replace(ONE, limits={}, max_running=1)
        self.store.admission.admit(a_generation(self.clock, user_id=self.owner), an_input(), Admission(self.policy))

    def spent(self) -> tuple[int, int]:
        return self.kms.calls, len(self.hashes)

    def items(self) -> list[str]:
        found = self.store.ground.table.query(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": self.owner}}
        )
        return [unmarshal(item)["sk"] for item in found]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def desk(store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Desk:
    hashes, scrypt = list[bytes](), hashlib.scrypt

    def counted(secret: bytes, **given: Any) -> bytes:
        hashes.append(secret)
        return scrypt(secret, **given)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    return Desk(store, clock, hashes)


@pytest.mark.parametrize("reach", [Desk.fill, Desk.be_busy])
def test_a_create_that_a_limit_refuses_asks_neither_kms_nor_the_slow_hash(
    desk: Desk, reach: Callable[[Desk], None]
) -> None:
    reach(desk)
    before = desk.items()
    for number in range(10):
        with pytest.raises(AdmissionRefusedError):
            desk.create(idempotency_key=f"key-{number}")
    assert desk.spent() == (0, 0)
    assert desk.items() == before


@pytest.mark.parametrize("reach", [Desk.fill, Desk.be_busy])
def test_a_retry_that_a_limit_refuses_asks_nothing_of_kms(desk: Desk, reach: Callable[[Desk], None]) -> None:
    old = desk.failed()
    reach(desk)
    for _ in range(10):
        with pytest.raises(AdmissionRefusedError):
            desk.retry(old, {"user_provided_key": KEY})
    assert desk.spent() == (0, 0)


def test_a_create_that_is_let_in_asks_each_once(desk: Desk) -> None:
    assert desk.create(idempotency_key="key").status == 202
    assert desk.spent() == (1, 1)


def test_a_create_without_a_secret_asks_neither_and_one_without_an_idempotency_key_no_slow_hash(desk: Desk) -> None:
    assert desk.create({"source_text": LONG_TEXT}, idempotency_key="key").status == 202
    assert desk.spent() == (0, 0)
    assert desk.create().status == 202
    assert desk.spent() == (1, 0)


def test_an_accepted_key_is_answered_while_kms_is_down_and_while_every_limit_is_reached(desk: Desk) -> None:
    desk.policy = ONE
    first = desk.create(idempotency_key="key")
    desk.kms.down = True
    again = desk.create(idempotency_key="key")
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (202, first.body, "true")
    assert desk.spent() == (1, 2), "the hash is compared with the stored one"
    with pytest.raises(KeyReusedError):
        desk.create({**ASKED, "user_provided_key": "sk-or-v1-another"}, idempotency_key="key")
    assert desk.kms.calls == 1


def test_a_key_that_is_forgotten_is_compared_with_nothing(desk: Desk) -> None:
    desk.create(idempotency_key="key")
    desk.clock.pass_seconds(24 * 3600 + 1)
    desk.policy = replace(ONE, limits={}, max_daily_spend_usd=Decimal(0), max_running=1)
    desk.create({"source_text": LONG_TEXT})
    hashed = len(desk.hashes)
    with pytest.raises(AdmissionRefusedError):
        desk.create(idempotency_key="key")
    assert len(desk.hashes) == hashed


def test_while_kms_is_down_a_create_stores_nothing_and_uses_up_nothing(desk: Desk) -> None:
    desk.policy, desk.kms.down = ONE, True
    for _ in range(3):
        with pytest.raises(SealUnavailableError):
            desk.create(idempotency_key="key")
    assert desk.items() == []
    desk.kms.down = False
    assert desk.create(idempotency_key="key").status == 202


def test_while_kms_is_down_a_retry_stores_nothing_and_a_second_click_is_answered(desk: Desk) -> None:
    old = desk.failed()
    desk.kms.down = True
    before = desk.items()
    with pytest.raises(SealUnavailableError):
        desk.retry(old, {"user_provided_key": KEY})
    assert desk.items() == before
    desk.kms.down = False
    first = desk.retry(old, {"user_provided_key": KEY})
    desk.kms.down = True
    assert desk.retry(old, {"user_provided_key": KEY}).body == first.body


def test_a_create_that_loses_races_asks_kms_once_and_stores_what_it_was_given(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, tries = AdmissionStore.create, list[bool]()

    def raced(self: AdmissionStore, *given: Any, **more: Any) -> Any:
        tries.append(True)
        if len(tries) < 4:
            other = a_generation(desk.clock, user_id=desk.owner)
            with monkeypatch.context() as plain:
                plain.setattr(AdmissionStore, "create", create)
                desk.store.admission.admit(other, an_input(), Admission(desk.policy))
        return create(self, *given, **more)

    desk.policy = Policy({"*": Limit("create", 100, 300)})
    monkeypatch.setattr(AdmissionStore, "create", raced)
    head = desk.store.reads.get(GenerationKey(desk.owner, body_of(desk.create(idempotency_key="key"))["generation_id"]))
    assert head is not None
    assert (len(tries), desk.spent()) == (4, (1, 1))
    assert desk.store.worker.user_keys.get_user_key(head) == b"sealed"
