"""One generation from its create to its end, by the functions' own services, in this process."""

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import boto3

from functions.create import handler as create
from functions.process.dependencies import Dependencies
from functions.process.key import UserKeys
from functions.process.provider import Provider
from functions.process.worker import Worker
from functions.status import handler as status
from shared import kinds, wiring
from shared.aws.clients import FOR_A_WORKER
from shared.aws.dispatch import QueueMessage
from shared.domain.generation import Generation, GenerationKey, StoredStep
from shared.domain.model_prices import read_prices
from shared.domain.settings import settings
from shared.domain.states import Status
from shared.kinds.contract import Catalog
from shared.store.whole import Store
from shared.store.worker import WorkerStore
from trial.measured import Measured
from trial.screen import Screen
from trial.watched import WatchedModel

OWNER = "trial"
_NEVER = float("inf")
_LOOK_SECONDS = 1


class RefusedError(Exception):
    """The create was refused. `problem` is the API's response."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("code", "")))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a trial. `view` is the API's response to its owner."""

    head: Generation
    steps: list[StoredStep]
    view: dict[str, Any]


def run(body: dict[str, Any], screen: Screen, measured: Measured) -> Ended:
    """Create a generation of `body` and work on it until it has ended; `measured` learns of it. Raises RefusedError.

    Needs the settings of `trial.place`. It waits before a retry as a deployment does.
    """
    generation_id = _created(body)
    worker, store = _worker(screen, measured), Store(wiring.ground())
    key = GenerationKey(OWNER, generation_id)
    while True:
        _work_on_next(worker)
        head = store.reads.get(key)
        if head is None:
            raise RuntimeError("the generation is missing")
        if head.terminal:
            if head.status is Status.SUCCEEDED and head.finished_at is not None:
                measured.seconds.append((head.finished_at - head.created_at).total_seconds())
            return Ended(head, store.reads.get_steps(key), _answer(status.handler, "GET", generation_id))
        screen.say(f"attempt {head.attempt} ended with {head.because}; the next one follows")


def _created(body: dict[str, Any]) -> str:
    found = _answer(create.handler, "POST", None, body)
    if "generation_id" not in found:
        raise RefusedError(found)
    return str(found["generation_id"])


def _answer(handler: Any, method: str, generation_id: str | None, body: Any = None) -> dict[str, Any]:
    path = "/v1/generations" + ("/{generation_id}" if generation_id else "")
    event = {
        "routeKey": f"{method} {path}",
        "rawPath": path.format(generation_id=generation_id),
        "requestContext": {"requestId": "trial", "authorizer": {"jwt": {"claims": {"sub": OWNER}}}},
        "headers": {"content-type": "application/json"},
        "pathParameters": {"generation_id": generation_id} if generation_id else {},
        "queryStringParameters": {},
        "body": None if body is None else json.dumps(body),
    }
    answered: dict[str, Any] = json.loads(handler(event, None)["body"])
    return answered


def _worker(screen: Screen, measured: Measured) -> Worker:
    config = settings()
    provider = Provider(config.llm_base_url, protocol=config.llm_protocol, prices=read_prices(config.model_prices))
    store = WorkerStore(wiring.ground(FOR_A_WORKER))
    dependencies = Dependencies(
        store=store,
        heartbeats=WorkerStore(wiring.heartbeat_ground()),
        model=WatchedModel(provider, screen, measured),
        api_key=lambda: os.environ["TRIAL_API_KEY"],
        user_key=UserKeys(store.user_keys, wiring.seal()),
        clock=wiring.clock,
        settings=config,
        sleep=time.sleep,
    )
    return Worker(dependencies, wiring.dispatch(), "trial", Catalog(kinds.names, kinds.load))


def _work_on_next(worker: Worker) -> None:
    """Wait for the queue's next message, and do what it asks."""
    sqs, urls = boto3.client("sqs"), (settings().queue_url, settings().isolated_queue_url)
    while True:
        for url in urls:
            for message in sqs.receive_message(QueueUrl=url).get("Messages", ()):
                worker.handle(QueueMessage.from_json(message["Body"]), _NEVER)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return
        time.sleep(_LOOK_SECONDS)
