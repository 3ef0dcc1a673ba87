"""Counts the AWS calls of functions on the local stack: a proxy on loopback, one port a function.

A function is led here by the environment variables that every AWS SDK honours; its code is as it ships.
"""

import http.client
import json
import re
import threading
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.bill.units import READ_UNIT_BYTES, item_bytes, read_units
from local.emulator import ACCESS_KEY
from local.stack import LocalStack
from shared.domain.pseudonym import keyed_hash

SERVICES = ("DYNAMODB", "SQS", "S3", "KMS", "SSM")
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_CREDENTIAL = re.compile(r"Credential=[^/]+/")
_MARK = re.compile(r"owner-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/)[0-9a-f]{64}(?=/)")
"""An owner of `load.Order`'s, wherever a request names one."""
_NOT_FORWARDED = frozenset({"x-amz-security-token", "content-length", "connection", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one function, and what DynamoDB counts for it: the table's and the index's write units apart."""

    function: str
    operation: str
    status: int
    mark: str | None
    """The owner of the call, or the hash that names the owner in the bucket; None if it has none."""
    write_units: float = 0.0
    index_units: float = 0.0
    read_units: float = 0.0
    table: str = ""
    """Which it was of, where one call is of one table by name."""


class Meter:
    """`with Meter(stack).on(): ...` - meanwhile every AWS call of the stack's functions is in `calls`."""

    def __init__(self, stack: LocalStack, **settings: str) -> None:
        """`settings` are further variables of the functions' environment, during the measurement."""
        self.calls: list[Call] = []
        self._by_mark: defaultdict[str | None, list[Call]] = defaultdict(list)
        self._stack, self._settings = stack, settings
        self._servers: list[ThreadingHTTPServer] = []

    @contextmanager
    def on(self) -> Iterator["Meter"]:
        """Lead the functions here, and back at the end. Whatever they run at either moment is cut off."""
        before = {name: self._environment(name) for name in self._stack.function_names}
        self._owner_key = next(iter(before.values()))["OWNER_KEY"]
        try:
            for name, own in before.items():
                leads = {f"AWS_ENDPOINT_URL_{service}": self._listen(name) for service in SERVICES}
                self._configure(name, own | leads | self._settings)
            yield self
        finally:
            for name, own in before.items():
                self._configure(name, own)
            for server in self._servers:
                server.shutdown()
                server.server_close()

    def of(self, owner: str) -> list[Call]:
        """Return what was called for one owner."""
        hashed = keyed_hash(owner, self._owner_key)
        return [*self._by_mark.get(owner, ()), *self._by_mark.get(hashed, ())]

    def note(self, call: Call) -> None:
        self.calls.append(call)
        self._by_mark[call.mark].append(call)

    def _environment(self, name: str) -> dict[str, str]:
        functions = self._stack.client("lambda")
        found = functions.get_function_configuration(FunctionName=self._stack.function_names[name])
        return dict(found["Environment"]["Variables"])

    def _configure(self, name: str, variables: dict[str, str]) -> None:
        self._stack.client("lambda").update_function_configuration(
            FunctionName=self._stack.function_names[name], Environment={"Variables": variables}
        )

    def _listen(self, function: str) -> str:
        for server in self._servers:
            if server.RequestHandlerClass.function == function:  # type: ignore[attr-defined]
                return f"http://127.0.0.1:{server.server_port}"
        attributes = {"function": function, "meter": self, "target": urllib.parse.urlsplit(self._stack.endpoint)}
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), attributes))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name=f"meter of {function}", daemon=True).start()
        self._servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    """Hands one function's requests on, and the answers back."""

    function: str
    meter: Meter
    target: urllib.parse.SplitResult
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        operation = _operation(self.command, self.headers.get("x-amz-target"))
        sent = _asking_for_units(body) if operation in _WRITES else body
        status, headers, answer = self._forward(sent)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _NOT_FORWARDED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        self.wfile.flush()
        self.meter.note(_counted(self.function, operation, status, self.path, body, answer))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _relay  # noqa: N815 - named by http.server

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        # The signature is for another address and, where units are asked for, another body. As the emulator's root
        # user, whose signature it does not check, the call passes; who may do what is tested elsewhere.
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_FORWARDED}
        if "Authorization" in headers:
            headers["Authorization"] = _CREDENTIAL.sub(f"Credential={ACCESS_KEY}/", headers["Authorization"])
        connection = http.client.HTTPConnection(self.target.hostname or "", self.target.port, timeout=60)
        try:
            connection.request(self.command, self.path, body, headers)
            found = connection.getresponse()
            return found.status, found.getheaders(), found.read()
        finally:
            connection.close()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _operation(method: str, target: str | None) -> str:
    return target.rpartition(".")[2] if target else f"S3 {method}"


def _asking_for_units(body: bytes) -> bytes:
    return json.dumps(json.loads(body) | {"ReturnConsumedCapacity": "INDEXES"}).encode()


def _counted(function: str, operation: str, status: int, path: str, body: bytes, answer: bytes) -> Call:
    named = _MARK.search(path if operation.startswith("S3 ") else body.decode(errors="replace"))
    mark = named[0] if named else None
    if status != 200 or operation not in _WRITES | {"GetItem", "BatchGetItem", "Query"}:
        return Call(function, operation, status, mark)
    asked, found = json.loads(body), json.loads(answer)
    name = str(asked.get("TableName", ""))
    if operation in _WRITES:
        table, index = _write_units(found["ConsumedCapacity"])
        return Call(function, operation, status, mark, write_units=table, index_units=index, table=name)
    return Call(function, operation, status, mark, read_units=_read_units(operation, asked, found), table=name)


def _write_units(consumed: Any) -> tuple[float, float]:
    each = consumed if isinstance(consumed, list) else [consumed]
    index = sum(gsi["CapacityUnits"] for one in each for gsi in one.get("GlobalSecondaryIndexes", {}).values())
    return sum(one["CapacityUnits"] for one in each) - index, index


def _read_units(operation: str, asked: dict[str, Any], found: dict[str, Any]) -> float:
    if operation == "GetItem":
        return read_units([found["Item"]] if found.get("Item") else [], strong=asked.get("ConsistentRead", False))
    if operation == "Query":
        return read_units(found["Items"], strong=asked.get("ConsistentRead", False))
    total = 0.0
    for table, request in asked["RequestItems"].items():
        sizes = [item_bytes(item) for item in found["Responses"].get(table, [])]
        units = [-(-size // READ_UNIT_BYTES) for size in sizes] + [1] * (len(request["Keys"]) - len(sizes))
        total += sum(units) if request.get("ConsistentRead", False) else sum(units) / 2
    return total
