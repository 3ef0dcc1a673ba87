"""Each file in events/ is an event that its built function takes, under the real Lambda runtime client.

`sam local invoke -e events/create.json CreateFunction` takes the same files; it needs Docker, this does not.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.build import built_tree
from local.deployment import client
from local.emulator import ACCESS_KEY, REGION, start_emulator
from local.lambda_runtime import BuiltFunction, built_function
from local.model_server import ModelServer
from tests.canary import Secret

EVENTS = Path(__file__).resolve().parents[2] / "events"
KEY_PARAMETER = "/unstuck/openrouter-api-key"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runtime interface emulator is a Linux program")


def event(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / f"{name}.json").read_text()))


class Functions:
    """The built functions over one table and two queues that nothing else reads."""

    def __init__(self, tree: Path, endpoint: str, model: ModelServer, state: Path) -> None:
        self.tree, self.state, self.ledger = tree, state, model.ledger
        self.sqs = client("sqs", endpoint)
        table = yaml.safe_load((tree / "template.yaml").read_text())["Resources"]["Table"]["Properties"]
        wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        client("dynamodb", endpoint).create_table(TableName="table", **{name: table[name] for name in wanted})
        self.kms = client("kms", endpoint)
        self.queue_url = self.sqs.create_queue(QueueName="queue")["QueueUrl"]
        client("ssm", endpoint).put_parameter(Name=KEY_PARAMETER, Value="sk-made-up", Type="SecureString")
        self.variables = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "TABLE_NAME": "table",
            "QUEUE_URL": self.queue_url,
            "ISOLATED_QUEUE_URL": self.sqs.create_queue(QueueName="alone-queue")["QueueUrl"],
            "DEFAULT_MODEL": "local/cards",
            "LLM_BASE_URL": model.base_url,
            "POWERTOOLS_METRICS_NAMESPACE": "Unstuck",
        }
        self._running: dict[str, BuiltFunction] = {}

    def run(self, name: str) -> Any:
        own = {"POWERTOOLS_SERVICE_NAME": name}
        if name == "process":
            own["PROVIDER_KEY_PARAMETER"] = KEY_PARAMETER
        return built_function(self.tree, name, self.variables | own, self.state)

    def message(self) -> dict[str, Any]:
        """The one message in the queue, as the event source hands it over."""
        (received,) = self.sqs.receive_message(QueueUrl=self.queue_url, WaitTimeSeconds=10)["Messages"]
        batch = event("process")
        batch["Records"][0] |= {"messageId": received["MessageId"], "body": received["Body"]}
        return batch


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    tree = built_tree()
    state = tmp_path / "ministack"
    state.mkdir()
    emulator = start_emulator(state)
    try:
        with ModelServer() as model:
            yield Functions(tree, emulator.url, model, tmp_path)
    finally:
        emulator.child.stop()


def event_of(name: str, generation_id: str) -> dict[str, Any]:
    """The event of one generation instead of the one that the file names."""
    text = (EVENTS / f"{name}.json").read_text()
    return dict(json.loads(text.replace("01940000-0000-7000-8000-000000000001", generation_id)))


def test_the_events_lead_a_generation_from_its_creation_to_its_success(functions: Functions) -> None:
    with functions.run("create") as create, functions.run("process") as process, functions.run("status") as status:
        created = create.invoke(event("create"))
        assert created["statusCode"] == 202, created
        generation_id = json.loads(created["body"])["generation_id"]
        assert process.invoke(functions.message()) == {"batchItemFailures": []}
        shown = status.invoke(event_of("status", generation_id))
        assert shown["statusCode"] == 200, shown
        assert json.loads(shown["body"])["status"] == "succeeded", shown["body"]


def test_the_actions_event_cancels_a_generation_once_and_for_all(functions: Functions) -> None:
    with functions.run("create") as create, functions.run("actions") as actions:
        generation_id = json.loads(create.invoke(event("create"))["body"])["generation_id"]
        answers = [actions.invoke(event_of("actions", generation_id)) for _ in range(2)]
    assert [answer["statusCode"] for answer in answers] == [200, 200], answers
    assert answers[0]["body"] == answers[1]["body"]
    assert json.loads(answers[0]["body"])["status"] == "canceled"


def test_with_lambdas_own_log_level_at_debug_no_function_logs_a_users_key_or_text(functions: Functions) -> None:
    """The level of the runtime's root logger is a setting of the function, and would be botocore's as well."""
    key, phrase = Secret(), Secret()
    functions.variables |= {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
    functions.variables["KMS_KEY_ID"] = functions.kms.create_key()["KeyMetadata"]["Arn"]
    asked = event("create")
    body = json.loads(asked["body"])
    body |= {"source_text": f"{body['source_text']} {phrase.text}", "user_provided_key": key.text}
    with functions.run("create") as create, functions.run("process") as process:
        assert create.invoke({**asked, "body": json.dumps(body)})["statusCode"] == 202
        assert process.invoke(functions.message()) == {"batchItemFailures": []}
        logs = [create.log(), process.log()]
    assert functions.ledger.calls[-1].paid
    assert '"level": "DEBUG"' in logs[1], "the level was taken: asyncio says something"
    assert not key.is_in(logs)
    assert not phrase.is_in(logs)


def test_the_status_event_as_it_is_asks_for_a_generation_that_is_not_there(functions: Functions) -> None:
    with functions.run("status") as status:
        answer = status.invoke(event("status"))
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"


def test_the_process_event_as_it_is_names_a_generation_that_is_gone_and_is_acknowledged(functions: Functions) -> None:
    with functions.run("process") as process:
        assert process.invoke(event("process")) == {"batchItemFailures": []}


def test_the_sweeper_event_finds_nothing_to_rescue_in_an_empty_table(functions: Functions) -> None:
    with functions.run("sweeper") as sweeper:
        report = sweeper.invoke(event("sweeper"))
    assert "errorMessage" not in report
    assert not any(report.values())


def test_every_function_has_an_event() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {
        "create",
        "status",
        "actions",
        "process",
        "sweeper",
        "authorizer",
        "live",
        "push",
    }
