"""An input that kills every process it runs in ends alone: the nine that shared its first batch do not end with it."""

import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually


def test_a_poison_ends_as_a_crash_loop_and_the_nine_of_its_batch_succeed_in_batches_of_one(
    stack: LocalStack, alice: Owner
) -> None:
    # No handover before it is killed, on a slow machine either: an attempt that ends in order is no crash.
    with faults.environment(stack, "process", HANDOVER_MARGIN_SECONDS="1"):
        innocents, poison = ten_in_one_process(stack, alice)
        # Whenever the poison runs, its process dies, three times in total.
        for attempt in (1, 2, 3):
            await_call(stack, alice, poison, attempt)
            faults.kill(faults.worker_of(stack, alice.name, poison))
        found = alice.wait_for_end(poison)
        assert (found["status"], found["error"]["code"], found["attempt"]) == ("failed", "crash_loop", 3)
        for one in innocents:
            found = alice.wait_for_end(one)
            # Had one of them shared a batch with the poison again, it would have died with it again.
            assert (found["status"], found["attempt"]) == ("succeeded", 2)
            assert faults.head(stack, alice.name, one)["isolated"] is True


def ten_in_one_process(stack: LocalStack, owner: Owner) -> tuple[list[str], str]:
    """Return nine harmless ones and one poisonous one, all running in one invocation."""
    for _ in range(5):
        with faults.no_delivery(stack):
            innocents = [
                owner.submit("local/slow:5") for _ in range(9)
            ]  # still running at the kill, on a slow machine too
            poison = owner.submit("local/slow:30")
        every = [*innocents, poison]
        eventually(lambda every=every: [faults.calls(stack, one) for one in every], all)  # type: ignore[misc]
        heads = [faults.head(stack, owner.name, one) for one in every]
        if len({head.get("holder", "").partition("-")[0] for head in heads}) == 1:
            return innocents, poison
        # A message that came back to the queue meanwhile has taken one's place in the batch.
        for one in every:
            owner.cancel(one)
    pytest.fail("no ten of five times ten were taken together")


def await_call(stack: LocalStack, owner: Owner, generation_id: str, attempt: int) -> None:
    def look() -> list[str]:
        for one in owner.generations:
            owner.look(one)  # which rescues it, once its lease is over
        return [call["attempt"] for call in faults.calls(stack, generation_id)]

    eventually(look, lambda attempts: str(attempt) in attempts)
