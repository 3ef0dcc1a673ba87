"""An accepted generation is done, even if `create` could not send its message, or died before it could."""

import threading

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually, own_text


def test_a_generation_is_accepted_when_the_queue_refuses_and_rescued_by_the_first_to_look(
    stack: LocalStack, alice: Owner
) -> None:
    with faults.denied(stack, "create", "sqs:SendMessage"):
        generation_id = alice.submit()
    assert alice.wait_for_end(generation_id)["status"] == "succeeded"
    # Only create sends the first message, and only a rescuer a second.
    assert faults.head(stack, alice.name, generation_id)["dispatches"] >= 2
    assert len(faults.calls(stack, generation_id)) == 1


def test_a_generation_whose_create_is_killed_between_the_write_and_the_send_is_done_all_the_same(
    stack: LocalStack, alice: Owner
) -> None:
    answers: list[int] = []

    def submit() -> None:
        answers.append(alice.http.post("/v1/generations", json={"source_text": own_text()}).status_code)

    with faults.gated(stack, "create", "sqs") as gate:
        sending = gate.hold(lambda operation, _body: operation == "SendMessage")
        client = threading.Thread(target=submit)
        client.start()
        sending.wait()
        [pid] = stack.worker_pids("create")
        faults.kill(pid)
        client.join()
    [answer] = answers
    assert answer >= 500, "the client knows only that something went wrong"
    [stored] = [item["sk"] for item in faults.items(stack, alice.name) if item["sk"].startswith("G#")]
    alice.generations.append(stored.removeprefix("G#"))
    # The client has no id to poll with: only the sweeper can find it.
    eventually(
        lambda: (stack.invoke("sweeper"), faults.head(stack, alice.name, alice.generations[0]))[1],
        lambda head: head["status"] == "succeeded",
    )
    assert len(faults.calls(stack, alice.generations[0])) == 1
