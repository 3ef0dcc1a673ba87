"""A picture, from the model to anybody with its URL: stored once, available for minutes, and gone with its owner."""

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local.model_server.drawing import draw
from local.stack import LocalStack
from shared.domain.pseudonym import keyed_hash
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually


def ask_for(owner: Owner, prompt: str, model: str | None = None, **fields: Any) -> str:
    """Send a request for pictures and return its id."""
    body = {"kind": "image", "prompt": prompt, **fields} | ({"model": model} if model else {})
    answer = owner.http.post("/v1/generations", json=body)
    assert answer.status_code == 202, answer.text
    owner.generations.append(str(answer.json()["generation_id"]))
    return owner.generations[-1]


def a_prompt() -> str:
    return f"A lighthouse in the evening, number {uuid.uuid4()}"


def prefix_of(stack: LocalStack, owner: Owner) -> str:
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names["status"])
    return keyed_hash(owner.name, found["Environment"]["Variables"]["OWNER_KEY"]) + "/"


def keys_of(stack: LocalStack, owner: Owner) -> list[str]:
    """Return the keys of all of an owner's objects in the bucket."""
    found = stack.client("s3").list_objects_v2(Bucket=stack.bucket_name, Prefix=prefix_of(stack, owner))
    return sorted(each["Key"] for each in found.get("Contents", []))


def fetch(url: str) -> httpx.Response:
    """Read a URL as a browser does for an <img>: without a token."""
    return httpx.get(url, timeout=30)


def test_a_picture_is_what_the_model_drew_and_is_read_without_a_token(stack: LocalStack, alice: Owner) -> None:
    prompt = a_prompt()
    generation_id = ask_for(alice, prompt)
    found = alice.wait_for_end(generation_id)
    assert found["status"] == "succeeded", found
    [image] = found["output"]["images"]
    drawn = draw(prompt)
    told = {"content_type": "image/png", "bytes": len(drawn), "sha256": hashlib.sha256(drawn).hexdigest()}
    assert image.items() >= (told | {"width": 512, "height": 512}).items()
    picture = fetch(image["url"])
    assert (picture.status_code, picture.content) == (200, drawn)
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-disposition"] == "inline"
    assert picture.headers["cache-control"] == "private, max-age=900, immutable"
    [key] = keys_of(stack, alice)
    assert key == f"{prefix_of(stack, alice)}{generation_id}/k2-image-1-1.png", (
        "the fence of its one attempt is in its key"
    )
    [call] = faults.calls(stack, generation_id)
    assert (call["model"], call["step"]) == ("local/image", "image-1")


def test_several_pictures_are_a_step_each_and_listed_in_order(stack: LocalStack, alice: Owner) -> None:
    prompt = a_prompt()
    generation_id = ask_for(alice, prompt, count=3, aspect_ratio="16:9")
    found = alice.wait_for_end(generation_id)
    images = found["output"]["images"]
    assert [(image["width"], image["height"]) for image in images] == [(512, 288)] * 3
    assert [fetch(image["url"]).content for image in images] == [draw(prompt, number, "16:9") for number in range(3)]
    assert [call["step"] for call in faults.calls(stack, generation_id)] == ["image-1", "image-2", "image-3"]
    assert found["usage"]["calls"] == 3


def test_a_picture_is_its_owners_alone_and_its_url_no_key_to_anything_else(
    alice: Owner, new_owner: Callable[[], Owner]
) -> None:
    bob = new_owner()
    generation_id = ask_for(alice, a_prompt(), count=2)
    first, second = alice.wait_for_end(generation_id)["output"]["images"]
    assert bob.http.get(f"/v1/generations/{generation_id}").status_code == 404
    parts = urlsplit(first["url"])
    assert fetch(parts._replace(query="").geturl()).status_code == 403, "without a signature"
    other = urlsplit(second["url"]).path
    assert fetch(parts._replace(path=other).geturl()).status_code == 403, "signed for another picture"
    longer = parts.query.replace("X-Amz-Expires=600", "X-Amz-Expires=6000")
    assert longer != parts.query
    assert fetch(parts._replace(query=longer).geturl()).status_code == 403, "made to last"
    answer = httpx.put(first["url"], content=b"another picture", timeout=30)
    assert answer.status_code == 403, "signed for reading"
    assert httpx.delete(first["url"], timeout=30).status_code == 403
    assert fetch(first["url"]).status_code == 200


def test_a_url_expires_and_a_poll_with_its_etag_gets_another(stack: LocalStack, alice: Owner) -> None:
    generation_id = ask_for(alice, a_prompt())
    alice.wait_for_end(generation_id)
    with faults.environment(stack, "status", SIGNED_URL_SECONDS="2"):
        answer = alice.http.get(f"/v1/generations/{generation_id}")
        [old] = answer.json()["output"]["images"]
        assert parse_qs(urlsplit(old["url"]).query)["X-Amz-Expires"] == ["2"]
        eventually(lambda: fetch(old["url"]), lambda picture: picture.status_code == 403)
        again = alice.http.get(f"/v1/generations/{generation_id}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 200
        [new] = again.json()["output"]["images"]
        assert fetch(new["url"]).status_code == 200
        assert {**new, "url": "", "expires_at": ""} == {**old, "url": "", "expires_at": ""}


def test_no_log_line_and_no_item_holds_a_url_or_a_picture(stack: LocalStack, alice: Owner) -> None:
    generation_id = ask_for(alice, a_prompt())
    [image] = alice.wait_for_end(generation_id)["output"]["images"]
    signature = parse_qs(urlsplit(image["url"]).query)["X-Amz-Signature"][0]
    lines = [line for name in ("create", "status", "process") for line in stack.log_lines(name)]
    assert not [line for line in lines if signature in line or "X-Amz-Signature" in line]
    assert all(len(json.dumps(item, default=repr)) < 3_000 for item in faults.items(stack, alice.name))


def test_a_worker_killed_between_the_picture_and_its_step_leaves_one_picture_listed(
    stack: LocalStack, alice: Owner
) -> None:
    prompt = a_prompt()
    with faults.gated(stack, "process", "dynamodb") as gate:
        storing = gate.hold(lambda operation, body: operation == "PutItem" and "S#" in body)
        generation_id = ask_for(alice, prompt)
        storing.wait()
        [orphan] = keys_of(stack, alice)
        faults.kill(faults.worker_of(stack, alice.name, generation_id))
        found = alice.wait_for_end(generation_id)
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    [image] = found["output"]["images"]
    assert fetch(image["url"]).content == draw(prompt, 1), "the second attempt's"
    prefix = f"{prefix_of(stack, alice)}{generation_id}/"
    # Claimed under fence 2, given back under 3, claimed again under 4.
    assert orphan == f"{prefix}k2-image-1-1.png"
    assert keys_of(stack, alice) == [orphan, f"{prefix}k4-image-1-1.png"]
    s3 = stack.client("s3")
    assert s3.get_object(Bucket=stack.bucket_name, Key=orphan)["Body"].read() == draw(prompt), "as it was"


def test_a_worker_killed_in_the_second_picture_does_not_draw_the_first_again(stack: LocalStack, alice: Owner) -> None:
    prompt = a_prompt()
    with faults.gated(stack, "process", "dynamodb") as gate:
        storing = gate.hold(lambda operation, body: operation == "PutItem" and "#image-2" in body)
        generation_id = ask_for(alice, prompt, count=2)
        storing.wait()
        faults.kill(faults.worker_of(stack, alice.name, generation_id))
        found = alice.wait_for_end(generation_id)
    assert [call["step"] for call in faults.calls(stack, generation_id)] == ["image-1", "image-2", "image-2"]
    assert [fetch(image["url"]).content for image in found["output"]["images"]] == [draw(prompt), draw(prompt, 2)]


def test_a_retry_takes_over_the_pictures_as_its_own(stack: LocalStack, alice: Owner) -> None:
    prompt = a_prompt()
    with faults.gated(stack, "process", "dynamodb") as gate:
        storing = gate.hold(lambda operation, body: operation == "PutItem" and "#image-2" in body)
        generation_id = ask_for(alice, prompt, count=2)
        storing.wait()
        worker = faults.worker_of(stack, alice.name, generation_id)
        assert alice.cancel(generation_id)["status"] == "canceled"
        faults.kill(worker)
    answer = alice.http.post(f"/v1/generations/{generation_id}/retry")
    assert answer.status_code == 202, answer.text
    alice.generations.append(answer.json()["generation_id"])
    found = alice.wait_for_end(alice.generations[-1])
    first, second = found["output"]["images"]
    assert fetch(first["url"]).content == draw(prompt)
    assert fetch(second["url"]).content == draw(prompt, 2)
    assert alice.generations[-1] in urlsplit(first["url"]).path
    assert [call["step"] for call in faults.calls(stack, alice.generations[-1])] == ["image-2"]


@pytest.mark.parametrize(
    ("model", "code", "calls"),
    [
        ("local/image_text", "output_empty", 2),
        ("local/image_broken", "output_invalid", 2),
        ("local/image_gif", "output_invalid", 2),
        ("local/image_svg", "output_invalid", 2),
        ("local/image_lie", "output_invalid", 2),
        ("local/image_link", "output_invalid", 2),
        ("local/image_huge", "output_too_large", 1),
        ("local/image_many", "output_too_large", 1),
    ],
)
def test_what_is_no_picture_of_ours_ends_with_a_code_and_stores_nothing(
    stack: LocalStack, alice: Owner, model: str, code: str, calls: int
) -> None:
    generation_id = ask_for(alice, a_prompt(), model)
    if calls > 1:
        alice.repaired.add(generation_id)
    found = alice.wait_for_end(generation_id)
    assert (found["status"], found["error"]["code"]) == ("failed", code)
    assert found["usage"]["calls"] == calls, "what it has cost is counted all the same"
    assert keys_of(stack, alice) == []


def test_an_erasure_takes_the_pictures_along_and_their_urls_lead_nowhere(
    stack: LocalStack, new_owner: Callable[[], Owner]
) -> None:
    bob, leaver = new_owner(), Owner(stack, f"leaver-{uuid.uuid4()}")
    try:
        bobs = bob.wait_for_end(ask_for(bob, a_prompt()))["output"]["images"][0]["url"]
        [image] = leaver.wait_for_end(ask_for(leaver, a_prompt()))["output"]["images"]
        assert len(keys_of(stack, leaver)) == 1
        eventually(lambda: leaver.http.delete("/v1/me"), lambda answer: answer.status_code == 200)
        assert keys_of(stack, leaver) == []
        assert fetch(image["url"]).status_code in {403, 404}
        assert fetch(bobs).status_code == 200
    finally:
        leaver.close()


def test_a_picture_that_is_stored_after_the_deletion_goes_as_well(stack: LocalStack) -> None:
    leaver = Owner(stack, f"leaver-{uuid.uuid4()}")
    try:
        with faults.gated(stack, "process", "s3") as gate:
            putting = gate.hold(lambda operation, _body: operation == "PUT")
            ask_for(leaver, a_prompt())
            putting.wait()
            assert leaver.http.delete("/v1/me").status_code == 202
            assert keys_of(stack, leaver) == []
            putting.let_go()
            assert len(keys_of(stack, leaver)) == 1
            eventually(lambda: leaver.http.delete("/v1/me"), lambda answer: answer.status_code == 200)
        assert keys_of(stack, leaver) == []
        assert faults.items(stack, leaver.name) == []
    finally:
        leaver.close()
