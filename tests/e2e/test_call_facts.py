"""The facts about a failed call that an owner and an operator can see, on the running stack."""

import json

from local.stack import LocalStack
from tests.e2e.owner import Owner, eventually
from tests.e2e.test_operations import operate


def test_a_providers_error_is_in_the_event_the_error_and_the_workers_log(stack: LocalStack, alice: Owner) -> None:
    generation_id = alice.submit("local/status:402:insufficient_quota")
    view = alice.wait_for_end(generation_id)
    error = view["error"]
    assert (error["code"], error["provider_status"]) == ("provider_out_of_credit", 402)
    assert (error["provider_code"], error["model"]) == ("insufficient_quota", "local/status:402:insufficient_quota")
    assert 0 <= error["seconds"] < 20
    assert view["model"] == error["model"]
    events = alice.http.get(f"/v1/generations/{generation_id}/events").json()["events"]
    (failed,) = [event for event in events if event["name"] == "failed"]
    facts = {name: value for name, value in error.items() if name not in ("code", "message")}
    assert failed.items() >= facts.items()

    def logged() -> list[dict[str, object]]:
        lines = [line for line in stack.log_lines("process") if generation_id in line and "the attempt ended" in line]
        return [json.loads(line[line.index("{") :]) for line in lines]

    (line,) = eventually(logged, lambda found: found != [])
    assert line.items() >= facts.items()
    assert line["code"] == "provider_out_of_credit"
    assert "provider_excerpt" not in line


def test_which_model_answered_and_how_it_ended_stands_with_the_step_and_the_generation(alice: Owner) -> None:
    generation_id = alice.submit("local/cards")
    view = alice.wait_for_end(generation_id)
    assert (view["status"], view["model"], view["answered_by"]) == ("succeeded", "local/cards", "local/cards")
    events = alice.http.get(f"/v1/generations/{generation_id}/events").json()["events"]
    (step,) = [event for event in events if event["name"] == "step_stored"]
    assert (step["model"], step["answered_by"], step["finish"]) == ("local/cards", "local/cards", "stop")


def test_the_lines_of_a_create_and_its_end_join_and_the_request_leads_to_the_generation(
    stack: LocalStack, alice: Owner
) -> None:
    generation_id = alice.submit()
    view = alice.wait_for_end(generation_id)
    canceled = alice.submit("local/stream:30")
    alice.cancel(canceled)
    request_id = alice.http.get(f"/v1/generations/{generation_id}/input").json()["request_id"]

    def logged(function: str, message: str, about: str) -> list[dict[str, object]]:
        lines = [line for line in stack.log_lines(function) if f'"{message}"' in line and about in line]
        return [json.loads(line) for line in lines if line.startswith("{")]

    (accepted,) = eventually(lambda: logged("create", "accepted", generation_id), lambda found: found != [])
    (ended,) = eventually(lambda: logged("process", "ended", generation_id), lambda found: found != [])
    (cut,) = eventually(lambda: logged("actions", "ended", canceled), lambda found: found != [])
    assert accepted["request_id"] == ended["request_id"] == request_id
    assert accepted["owner"] == ended["owner"] == cut["owner"]
    assert alice.name not in json.dumps([accepted, ended, cut])
    assert (ended["status"], ended["cost_usd"], ended["answered_by"]) == (
        "succeeded", view["usage"]["cost_usd"], "local/cards"
    )  # fmt: skip
    assert (cut["status"], cut["model"]) == ("canceled", "local/stream:30")
    code, told = operate(stack, "find", "--request-id", request_id, "--pages-per-second", "0")
    assert (code, told["generation"]["generation_id"], told["generation"]["owner"]) == (0, generation_id, alice.name)
    assert operate(stack, "find", "--request-id", "nobody's", "--owner", alice.name)[0] == 1
