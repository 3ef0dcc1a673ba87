"""A changed version is deployed while generations are made, and the one before it again: all of them succeed.

The deploy is the real SAM CLI's, with changed code in every function and in the layer.
"""

import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import deployment
from local.build import built_tree
from local.compiled import compile_tree
from local.stack import LocalStack
from tests.e2e.owner import Owner, eventually, own_text

EACH_WAY = 10
MARK = "this is the changed version"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The built tree with another line in each function and in the layer, which the worker's log shows."""
    tree = tmp_path / "tree"
    shutil.copytree(built_tree(), tree)
    for handler in tree.glob("*/functions/*/handler.py"):
        with handler.open("a", encoding="utf-8") as source:
            source.write(f'\nprint("{MARK}")\n')
    with (tree / "SharedLayer" / "python" / "shared" / "domain" / "clock.py").open("a", encoding="utf-8") as source:
        source.write("\n_CHANGED = True\n")
    compile_tree(tree)
    return tree


def deploy(stack: LocalStack, tree: Path) -> None:
    outputs = deployment.deploy(stack.endpoint, tree, stack.parameters, stack.state)
    deployment.settle(stack.endpoint, tree, outputs, stack.parameters["AllowedOrigins"])


def submit(owner: Owner) -> str:
    """Send a generation of several seconds as both clients do: a create that broke off is repeated under its key.

    The emulator kills what runs of a function whose code changes, a create too; AWS lets it end.
    """
    body, key = {"source_text": own_text(), "model": "local/stream:6"}, {"idempotency-key": str(uuid.uuid4())}
    headers = {"authorization": f"Bearer {owner.stack.token(owner.name)}", **key}

    def create() -> httpx.Response:
        return httpx.post(f"{owner.stack.api_url}/v1/generations", json=body, headers=headers, timeout=60)

    answer = eventually(create, lambda answer: answer.status_code < 500)
    assert answer.status_code == 202, answer.text
    owner.generations.append(str(answer.json()["generation_id"]))
    return owner.generations[-1]


@contextmanager
def load(owner: Owner) -> Iterator[list[str]]:
    """Send `EACH_WAY` generations: one before the block begins, and the others while it runs."""
    sent = [submit(owner)]
    over = threading.Event()
    failures: list[BaseException] = []

    def send() -> None:
        try:
            while len(sent) < EACH_WAY:
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


def code_of(stack: LocalStack, name: str) -> str:
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.function_names[name])
    return str(found["CodeSha256"])


def test_a_deploy_and_the_way_back_lose_no_generation_that_is_open(
    stack: LocalStack, alice: Owner, changed: Path
) -> None:
    before = code_of(stack, "process")
    assert not any(MARK in line for line in stack.log_lines("process"))
    try:
        with load(alice) as forward:
            eventually(lambda: alice.look(forward[0]), lambda seen: seen["status"] != "pending")
            deploy(stack, changed)
        assert code_of(stack, "process") != before
    finally:
        with load(alice) as back:
            deploy(stack, built_tree())
    assert code_of(stack, "process") == before
    ends = [alice.wait_for_end(each)["status"] for each in (*forward, *back)]
    assert ends == ["succeeded"] * 2 * EACH_WAY
    assert any(MARK in line for line in stack.log_lines("process")), "the changed version has worked"
