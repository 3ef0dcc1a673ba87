"""Finds a deployment's table, queues and settings. Builds the clients."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from shared.aws import clients
from shared.aws.clients import FOR_A_WORKER
from shared.aws.dispatch import SqsDispatch
from shared.domain.clock import SystemClock
from shared.domain.settings import Settings, from_environment
from shared.store.ground import Ground
from shared.store.objects import Objects
from shared.store.table import Table
from shared.store.whole import Store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

_SETTINGS_OF = "ActionsFunctionName"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNITS = {"minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
_USUAL_SWEEP_SECONDS = 60.0


class NotFoundError(Exception):
    """The deployment does not exist, or was not named."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One stack. `settings` are those of its functions, or of this environment if no stack was named."""

    settings: Settings
    dead_letter_queue_url: str | None
    sweep_seconds: float

    def store(self) -> Store:
        clock = SystemClock()
        objects = Objects(clients.Late(clients.s3), self.settings.bucket_name, self.settings.owner_key)
        table = Table(clients.dynamodb(), self.settings.table_name, clock, patience=FOR_A_WORKER)
        return Store(Ground(table, clock, self.settings, objects))

    def dispatch(self) -> SqsDispatch:
        known = self.settings
        return SqsDispatch(clients.sqs, known.queue_url, known.isolated_queue_url, known.owner_key)


@dataclass(frozen=True, slots=True)
class Named:
    """The deployment's options on the command line. They take precedence over the stack."""

    stack: str | None = None
    region: str | None = None
    table: str | None = None
    bucket: str | None = None
    queue_url: str | None = None
    isolated_queue_url: str | None = None
    dead_letter_queue_url: str | None = None
    sweep_seconds: float | None = None


# A page of 1 MB or a long poll may take longer than any call of a function.
_PATIENT = clients.STANDARD.merge(Config(read_timeout=20))


def reading_client() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_PATIENT)


def polling_client() -> "SQSClient":
    return boto3.client("sqs", config=_PATIENT)


def find(named: Named, *, acts: bool) -> Deployment:
    """Return the deployment. Credentials, region and endpoint come from the usual AWS configuration.

    A command that only reads (`acts` is False) needs only the table.

    Raises NotFoundError, and botocore's errors.
    """
    if named.region:
        clients.set_region(named.region)
        boto3.setup_default_session(region_name=named.region)
    variables, outputs, sweep = dict(os.environ), dict[str, str](), _USUAL_SWEEP_SECONDS
    if named.stack:
        stack = _stack(named.stack)
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        variables = _variables(named.stack, outputs)
        sweep = sweep_seconds(stack.get("Parameters", []))
    elif not named.table:
        raise NotFoundError("the table is not known: pass --stack, or --table")
    told = {
        "TABLE_NAME": named.table,
        "BUCKET_NAME": named.bucket,
        "QUEUE_URL": named.queue_url,
        "ISOLATED_QUEUE_URL": named.isolated_queue_url,
    }
    variables |= {name: value for name, value in told.items() if value}
    for name in ("QUEUE_URL", "ISOLATED_QUEUE_URL"):
        if not variables.get(name):
            if acts:
                raise NotFoundError(f"{name} is not known: pass --stack, or --{name.lower().replace('_', '-')}")
            variables[name] = "not given"
    try:
        settings = from_environment(variables)
    except (KeyError, ValueError) as error:
        raise NotFoundError(str(error.args[0])) from error
    letters = named.dead_letter_queue_url or outputs.get("DeadLetterQueueUrl")
    return Deployment(settings, letters, named.sweep_seconds or sweep)


def _stack(name: str) -> dict[str, Any]:
    found: list[Any] = boto3.client("cloudformation", config=clients.STANDARD).describe_stacks(StackName=name)["Stacks"]
    stack: dict[str, Any] = found[0]
    return stack


def _variables(stack: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a deployed function of the stack."""
    if _SETTINGS_OF not in outputs:
        raise NotFoundError(f"the stack {stack} has no output {_SETTINGS_OF}: it is not an Unstuck stack")
    functions = boto3.client("lambda", config=clients.STANDARD)
    found = functions.get_function_configuration(FunctionName=outputs[_SETTINGS_OF])
    return dict(found["Environment"]["Variables"])


def sweep_seconds(parameters: list[Any]) -> float:
    """Return the sweeper's interval; a minute if its schedule is a cron expression."""
    schedules = [each["ParameterValue"] for each in parameters if each["ParameterKey"] == "SweepSchedule"]
    read = _RATE.fullmatch(schedules[0]) if schedules else None
    return int(read[1]) * _UNITS[read[2]] if read else _USUAL_SWEEP_SECONDS
