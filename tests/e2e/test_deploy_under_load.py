"""A changed version is deployed while generations are made, and the one before it again: all of them succeed.

The deploy is the real SAM CLI's, with changed code in every function and in the layer.
"""

import shutil
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import deployment
from local.build import built_tree
from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner, eventually, own_text
from tests.e2e.soundness import assert_no_call_after_its_step, assert_paid_at_most_once

EACH_WAY = 10
MARK = "this is the changed version"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The built tree with another line in each function and in the layer, which the worker's log shows."""
    tree = tmp_path / "tree"
    shutil.copytree(built_tree(), tree)
    for handler in tree.glob("*/functions/*/handler.py"):
        append(handler, f'print("{MARK}")')
    append(tree / "SharedLayer" / "python" / "shared" / "domain" / "clock.py", "_CHANGED = True")
    return tree


def append(module: Path, line: str) -> None:
    """Append a line to a module, and remove its byte code, which is never compared with it."""
    with module.open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    [compiled] = module.parent.glob(f"__pycache__/{module.stem}.*.pyc")
    compiled.unlink()


def deploy(stack: LocalStack, tree: Path) -> None:
    outputs = deployment.deploy(stack.endpoint, tree, stack.parameters, stack.state)
    deployment.settle(stack.endpoint, tree, outputs, stack.parameters["AllowedOrigins"])


def submit(owner: Owner) -> str:
    """Send a generation of several seconds as both clients do: a create that broke off is repeated under its key.

    The emulator kills what runs of a function whose code changes, a create too; AWS lets it end.
    """
    body, key = {"source_text": own_text(), "model": "local/stream:4"}, {"idempotency-key": str(uuid.uuid4())}
    headers = {"authorization": f"Bearer {owner.stack.token(owner.name)}", **key}

    def create() -> httpx.Response:
        return httpx.post(f"{owner.stack.api_url}/v1/generations", json=body, headers=headers, timeout=60)

    answer = eventually(create, lambda answer: answer.status_code < 500)
    assert answer.status_code == 202, answer.text
    owner.generations.append(str(answer.json()["generation_id"]))
    return owner.generations[-1]


@contextmanager
def load(owner: Owner) -> Iterator[list[str]]:
    """Send `EACH_WAY` generations: one before the block begins, one after its end, and the others while it runs."""
    sent = [submit(owner)]
    over = threading.Event()
    failures: list[BaseException] = []

    def send() -> None:
        try:
            while len(sent) < EACH_WAY - 1:
                over.wait(1.5)
                sent.append(submit(owner))
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield sent
    finally:
        over.set()
        sender.join(60)
    assert not failures, failures
    sent.append(submit(owner))


def ends_of(owner: Owner, sent: list[str]) -> list[str]:
    """Wait for all of them at once: only a look rescues at once what the deploy killed."""
    with ThreadPoolExecutor(EACH_WAY) as pool:
        return [found["status"] for found in pool.map(owner.wait_for_end, sent)]


def code_of(stack: LocalStack, name: str) -> str:
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names[name])
    return str(found["CodeSha256"])


@pytest.fixture
def owner(stack: LocalStack) -> Iterator[Owner]:
    """An owner whom `tests.e2e.soundness` does not judge. A worker that closes a call before its first byte counts the
    call. The model server, which has sent nothing, does not. On a busy machine, a deploy makes some of those."""
    made = Owner(stack, f"user-{uuid.uuid4()}")
    try:
        yield made
    finally:
        made.close()


def test_a_deploy_and_the_way_back_lose_no_generation_that_is_open(
    stack: LocalStack, owner: Owner, changed: Path
) -> None:
    before = code_of(stack, "process")
    assert not any(MARK in line for line in stack.log_lines("process"))
    try:
        with load(owner) as forward:
            eventually(lambda: owner.look(forward[0]), lambda seen: seen["status"] != "pending")
            deploy(stack, changed)
        assert code_of(stack, "process") != before
        ends = ends_of(owner, forward)
        eventually(lambda: stack.log_lines("process"), lambda lines: any(MARK in line for line in lines))
    finally:
        with load(owner) as back:
            deploy(stack, built_tree())
    assert code_of(stack, "process") == before
    ends += ends_of(owner, back)
    assert ends == ["succeeded"] * 2 * EACH_WAY
    assert faults.usage(stack, owner.name)["generations"] == 2 * EACH_WAY, "each is counted once"
    stored = faults.items(stack, owner.name)
    for each in (*forward, *back):
        calls = faults.calls(stack, each)
        assert_paid_at_most_once(calls)
        assert_no_call_after_its_step(calls, [item for item in stored if item["sk"].startswith(f"S#{each}#")])
