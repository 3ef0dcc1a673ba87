"""Dead letters are sent back only if that helps. Whatever interrupts it, no needed message is lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from operations import report
from operations.redrive import Letter, Redrive, RedriveOutcome, counted, hidden, same_queue
from shared.aws.dispatch import QueueMessage, SqsDispatch
from shared.domain.errors import StoreUnavailableError
from shared.domain.generation import Called, Generation, Totals, Usage
from shared.domain.states import Status
from shared.store.keys import head_key
from shared.store.reads import Reader
from shared.store.whole import Store
from tests.factories import SETTINGS, FakeClock, RecordingDispatch, a_generation, an_input
from tests.unit.ward import change_item

KINDS = ("flashcards",)


@dataclass
class Office:
    """The two queues, the dead letters, and the generations that they are about."""

    store: Store
    clock: FakeClock
    dynamodb: Any
    sqs: Any

    def __post_init__(self) -> None:
        made = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "alone", "letters")}
        self.queue, self.alone, self.letters = made["queue"], made["alone"], made["letters"]
        self.dispatch: Any = SqsDispatch(lambda: self.sqs, self.queue, self.alone)

    def pending(self, **changes: Any) -> Generation:
        return self.store.admission.create(a_generation(self.clock, **changes), an_input())

    def claim(self, head: Generation) -> Generation:
        return self.store.worker.claim(Called(head.key, head.fence), self.clock.token(), KINDS)

    def give_up(self, head: Generation, fence: int | None = None) -> None:
        """Put the message of a generation among the dead letters."""
        self.post(QueueMessage(head.user_id, head.generation_id, head.fence if fence is None else fence).to_json())

    def post(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.letters, MessageBody=body)

    def redrive(self, *, act: bool = True, limit: int | None = None) -> list[Letter]:
        return list(self.run(act=act, limit=limit))

    def run(self, *, act: bool = True, limit: int | None = None) -> Iterator[Letter]:
        work = Redrive(self.store, self.dispatch, self.clock, self.sqs, self.letters, KINDS)
        return work.run(act=act, limit=limit, wait_seconds=0)

    def sent(self, queue_url: str) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def visible(self) -> int:
        names = ["ApproximateNumberOfMessages"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.letters, AttributeNames=names)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])


@pytest.fixture
def office(store: Store, clock: FakeClock, dynamodb: Any) -> Office:
    return Office(store, clock, dynamodb, boto3.client("sqs", region_name="eu-central-1"))


def test_a_message_that_its_generation_waits_for_is_sent_again(office: Office) -> None:
    head = office.pending()
    office.give_up(head)
    [letter] = office.redrive()
    assert (letter.outcome, letter.generation_id) == (RedriveOutcome.SENT, head.generation_id)
    [message] = office.sent(office.queue)
    assert (message["generation_id"], message["fence"]) == (head.generation_id, 1)
    assert counted(office.sqs, office.letters) == 0
    assert office.store.reads.get(head.key) == head, "no head is changed"


def test_what_is_to_run_alone_by_now_is_sent_to_the_queue_of_those(office: Office) -> None:
    running = office.claim(office.pending())
    office.clock.pass_seconds(41)
    pending = office.store.rescuer.give_back(running, None)
    office.give_up(pending)
    assert [letter.outcome for letter in office.redrive()] == [RedriveOutcome.SENT]
    assert [message["fence"] for message in office.sent(office.alone)] == [pending.fence]
    assert office.sent(office.queue) == []


def moved_on(office: Office) -> None:
    head = office.pending()
    office.claim(head)
    office.give_up(head)


def given_back(office: Office) -> None:
    head = office.pending()
    running = office.claim(head)
    office.clock.pass_seconds(41)
    office.store.rescuer.give_back(running, None)
    office.give_up(head)


def ended(office: Office) -> None:
    running = office.claim(office.pending())
    office.store.worker.succeed(running, Totals(0, Usage()), "cards")
    office.give_up(running)


def gone(office: Office) -> None:
    office.give_up(a_generation(office.clock))


def past_its_deadline(office: Office) -> None:
    office.give_up(office.pending())
    office.clock.pass_seconds(901)


@pytest.mark.parametrize("make", [moved_on, given_back, ended, gone, past_its_deadline])
def test_a_message_that_no_generation_waits_for_is_dropped(office: Office, make: Any) -> None:
    make(office)
    [letter] = office.redrive()
    assert letter.outcome is RedriveOutcome.DROPPED
    assert counted(office.sqs, office.letters) == 0
    assert office.sent(office.queue) == office.sent(office.alone) == []


def garbled(office: Office) -> None:
    office.post("not even JSON, and it may hold anything")


def from_tomorrow(office: Office) -> None:
    head = office.pending()
    office.post(json.dumps({**json.loads(QueueMessage(head.user_id, head.generation_id, 1).to_json()), "v": 2}))


def with_an_empty_id(office: Office) -> None:
    office.post(QueueMessage("", "g", 1).to_json())


def with_a_huge_id(office: Office) -> None:
    office.post(QueueMessage("alice", "g" * 100_000, 1).to_json())


def with_half_a_character(office: Office) -> None:
    office.post('{"v": 1, "user_id": "\\ud800", "generation_id": "g", "fence": 1}')


def nested_too_deep(office: Office) -> None:
    office.post("[" * 60_000)


def with_a_number_of_many_digits(office: Office) -> None:
    office.post('{"v": 1, "user_id": "alice", "generation_id": "g", "fence": ' + "9" * 5_000 + "}")


def with_a_fence_below_all(office: Office) -> None:
    office.post(QueueMessage("alice", "g", 0).to_json())


def with_a_head_from_beyond_all_calendars(office: Office) -> None:
    head = office.pending()
    office.dynamodb.update_item(
        TableName=SETTINGS.table_name,
        Key=head_key(head.key),
        UpdateExpression="SET deadline_at = :at",
        ExpressionAttributeValues={":at": {"N": "9e20"}},
    )
    office.give_up(head)


NO_LETTERS = [
    with_an_empty_id,
    with_a_huge_id,
    with_half_a_character,
    nested_too_deep,
    with_a_number_of_many_digits,
    with_a_fence_below_all,
    with_a_head_from_beyond_all_calendars,
]


def of_an_unknown_kind(office: Office) -> None:
    office.give_up(office.pending(kind="opera"))


def of_a_status_of_tomorrow(office: Office) -> None:
    office.give_up(office.pending(status=Status("parked")))


def with_an_unreadable_head(office: Office) -> None:
    head = office.pending()
    change_item(office.dynamodb, head.user_id, f"G#{head.generation_id}", "kind")
    office.give_up(head)


def of_a_restored_table(office: Office) -> None:
    office.give_up(office.pending(), fence=3)


@pytest.mark.parametrize(
    "make",
    [
        *NO_LETTERS,
        garbled,
        from_tomorrow,
        of_an_unknown_kind,
        of_a_status_of_tomorrow,
        with_an_unreadable_head,
        of_a_restored_table,
    ],
)
def test_a_message_that_cannot_be_judged_is_left_where_it_is(office: Office, make: Any) -> None:
    make(office)
    [letter] = office.redrive()
    assert letter.outcome is RedriveOutcome.LEFT
    assert "anything" not in letter.reason
    assert office.visible() == 1, "for whoever comes next"
    assert office.sent(office.queue) == office.sent(office.alone) == []


def test_a_dry_run_says_the_same_and_does_nothing(office: Office) -> None:
    for make in (moved_on, garbled):
        make(office)
    office.give_up(office.pending())
    told = sorted(letter.outcome for letter in office.redrive(act=False))
    assert office.visible() == 3
    assert office.sent(office.queue) == []
    assert sorted(letter.outcome for letter in office.redrive()) == told == ["dropped", "left", "sent"]


def test_done_again_it_finds_nothing_more_to_do(office: Office) -> None:
    for _ in range(12):
        office.give_up(office.pending())
    assert [letter.outcome for letter in office.redrive()] == [RedriveOutcome.SENT] * 12
    assert office.redrive() == []
    assert counted(office.sqs, office.queue) == 12


def test_what_the_queue_does_not_take_is_left(office: Office) -> None:
    office.dispatch = RecordingDispatch(fails=True)
    office.give_up(office.pending())
    [letter] = office.redrive()
    assert (letter.outcome, letter.reason) == (RedriveOutcome.LEFT, "the queue did not accept it: AccessDenied")
    assert office.visible() == 1


def test_interrupted_between_the_sending_and_the_deleting_nothing_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = office.pending()
    office.give_up(head)

    def interrupted(**_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(office.sqs, "delete_message", interrupted)
        with pytest.raises(KeyboardInterrupt):
            office.redrive()
    assert (counted(office.sqs, office.queue), office.visible()) == (1, 1)
    # Sent a second time it is claimed once: both carry the same fence.
    assert [letter.outcome for letter in office.redrive()] == [RedriveOutcome.SENT]
    assert [message["fence"] for message in office.sent(office.queue)] == [1, 1]


def test_interrupted_after_some_the_rest_is_there_for_the_next(office: Office) -> None:
    for _ in range(5):
        office.give_up(office.pending())
    letters = office.run()
    next(letters), next(letters)
    letters.close()  # type: ignore[attr-defined]
    assert counted(office.sqs, office.queue) == 2
    assert len(office.redrive()) + 2 == 5


def test_a_table_that_does_not_answer_ends_it_and_leaves_the_rest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.give_up(office.pending())

    def unavailable(_store: Store, *_key: str) -> None:
        raise StoreUnavailableError("ThrottlingException")

    monkeypatch.setattr(Reader, "get", unavailable)
    with pytest.raises(StoreUnavailableError):
        office.redrive()
    assert office.visible() == 1


def test_what_has_shown_itself_again_by_the_end_is_no_error(office: Office) -> None:
    office.post("no message of ours")
    letters = office.run()
    next(letters)
    office.sqs.purge_queue(QueueUrl=office.letters)
    assert list(letters) == []


def test_no_more_are_looked_at_than_it_was_told(office: Office) -> None:
    for _ in range(4):
        office.give_up(office.pending())
    assert len(office.redrive(limit=3)) == 3
    assert counted(office.sqs, office.letters) == 1


def test_a_head_that_is_gone_from_the_table_is_read_by_its_key_alone(office: Office) -> None:
    head = office.pending()
    office.give_up(head)
    office.dynamodb.delete_item(TableName=SETTINGS.table_name, Key=head_key(head.key))
    assert [letter.reason for letter in office.redrive()] == ["its generation is missing"]


def test_what_is_no_letter_of_ours_stands_in_the_way_of_none(office: Office) -> None:
    for make in NO_LETTERS:
        make(office)
        office.give_up(office.pending())
    letters = office.redrive()
    outcomes = sorted(letter.outcome for letter in letters)
    assert outcomes == [RedriveOutcome.LEFT] * len(NO_LETTERS) + [RedriveOutcome.SENT] * len(NO_LETTERS)
    assert office.visible() == len(NO_LETTERS)


def test_what_another_run_hides_is_counted(office: Office) -> None:
    for _ in range(3):
        office.give_up(office.pending())
    other: Any = office.run()
    next(other)
    assert hidden(office.sqs, office.letters) == 2
    assert office.redrive() == []
    other.close()
    assert hidden(office.sqs, office.letters) == 0


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/123456789012/main", True),
        ("https://eu-central-1.queue.amazonaws.com/123456789012/main/", True),
        ("https://sqs.eu-central-1.amazonaws.com/123456789012/main-dead", False),
        ("https://sqs.eu-central-1.amazonaws.com/210987654321/main", False),
    ],
)
def test_two_urls_of_one_queue_are_known_as_such(other: str, same: bool) -> None:
    assert same_queue("https://sqs.eu-central-1.amazonaws.com/123456789012/main", other) is same


def test_the_last_line_of_a_dry_run_says_what_would_be_done_and_claims_nothing() -> None:
    assert report.totals(["retried", "skipped", "retried"], acted=True) == "2 retried, 1 skipped."
    assert report.totals(["retried", "skipped", "retried"], acted=False) == (
        "This was a dry run: 2 would be retried, 1 would be skipped. Pass --yes to make the changes."
    )
    assert report.totals([], acted=False) == report.totals([], acted=True) == "Nothing to do."
