"""Access to a deployed stack from outside: its API, table, queues and functions.

Owns and starts no process: `local.stack` does.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import deployment, probes

FUNCTIONS = ("create", "status", "actions", "process", "sweeper", "authorizer", "live", "push")


class DeployedStack(ABC):
    """A stack by the outputs of its deploy. Before the deploy, asking for one of them raises KeyError."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._outputs: dict[str, str] = {}

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """The emulator's URL, for AWS clients."""

    @property
    @abstractmethod
    def tmpdir(self) -> Path:
        """In the environment, as TMPDIR, of every process of this stack and of no other."""

    @property
    def api_url(self) -> str:
        """Base URL of the HTTP API, without a trailing slash."""
        return f"{self.endpoint}/_aws/execute-api/{self._outputs['ApiId']}/$default"

    @property
    def live_table_name(self) -> str:
        return self._outputs["LiveTableName"]

    @property
    def live_stage(self) -> str:
        """Where functions post to open WebSockets."""
        return deployment.live_stage(self.endpoint, self._outputs)

    @property
    def table_name(self) -> str:
        return self._outputs["TableName"]

    @property
    def bucket_name(self) -> str:
        return self._outputs["BucketName"]

    @property
    def queue_url(self) -> str:
        return self._outputs["QueueUrl"]

    @property
    def isolated_queue_url(self) -> str:
        return self._outputs["IsolatedQueueUrl"]

    @property
    def dead_letter_queue_url(self) -> str:
        return self._outputs["DeadLetterQueueUrl"]

    @property
    def function_names(self) -> dict[str, str]:
        """Deployed names of the functions that the parameters create, by their short names, such as `create`."""
        return self._outputs_of_functions("FunctionName")

    @property
    def role_names(self) -> dict[str, str]:
        """Name of each function's role, by the function's short name."""
        return self._outputs_of_functions("RoleName")

    def _outputs_of_functions(self, output: str) -> dict[str, str]:
        keys = {name: f"{name.capitalize()}{output}" for name in FUNCTIONS}
        return {name: self._outputs[key] for name, key in keys.items() if key in self._outputs}

    def client(self, service: str) -> Any:
        """A boto3 client with all rights, as the account's root user."""
        if service not in self._clients:
            self._clients[service] = deployment.client(service, self.endpoint)
        return self._clients[service]

    def invoke(self, name: str, event: Mapping[str, Any] | None = None) -> Any:
        """Run a function once and return its response. Raises RuntimeError with its error if it failed."""
        payload = json.dumps(event or {}).encode()
        answer = self.client("lambda").invoke(FunctionName=self.function_names[name], Payload=payload)
        body = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise RuntimeError(f"{name} failed: {body}")
        return body

    def worker_pids(self, name: str) -> list[int]:
        """The processes of a function, oldest first. Linux only."""
        return probes.worker_pids(self.tmpdir, self.function_names[name])

    def log_lines(self, name: str) -> list[str]:
        """The handler's output so far. MiniStack delivers the lines when an invocation ends."""
        return probes.log_lines(self.client("logs"), self._log_group(name))

    def _log_group(self, name: str) -> str:
        configuration = self.client("lambda").get_function_configuration(FunctionName=self.function_names[name])
        return str(configuration["LoggingConfig"]["LogGroup"])

    def deny(self, name: str, action: str, resource: str = "*") -> None:
        """Deny an action to a function from its next call on, until `allow_again`."""
        probes.deny(self.client("iam"), self.role_names[name], action, resource)

    def allow_again(self, name: str) -> None:
        """Undo every `deny` of a function."""
        probes.allow_again(self.client("iam"), self.role_names[name])
