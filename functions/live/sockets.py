"""API Gateway's WebSocket events: authorize, connect, disconnect. No message is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.store.connections import Connections, Pass

_DONE = {"statusCode": 200}
_FULL = {"statusCode": 429}


@dataclass(frozen=True, slots=True)
class SocketService:
    """Raises the store's errors. API Gateway then refuses the handshake, and the client gets a new ticket."""

    connections: Connections
    origins: tuple[str, ...]

    def judge(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Decide whether a connection may open, and name its owner. This uses up the ticket, unless a page sent it that
        may not call the API."""
        ticket = (event.get("queryStringParameters") or {}).get("ticket", "")
        opens = self.connections.redeem(str(ticket)) if self._may_call(event.get("headers") or {}) else None
        statement = {
            "Action": "execute-api:Invoke",
            "Effect": "Deny" if opens is None else "Allow",
            "Resource": event["methodArn"],
        }
        context = {} if opens is None else {"sub": opens.owner, "ends": opens.ends_at}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "owner", "policyDocument": policy, "context": context}

    def follow(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Store a connection before API Gateway opens it, and delete a closed one."""
        context = event["requestContext"]
        opened = Pass(str(context["authorizer"]["sub"]), int(context["authorizer"]["ends"]))
        connection_id = str(context["connectionId"])
        if context["eventType"] == "DISCONNECT":
            self.connections.close(opened.owner, connection_id)
            return _DONE
        return _DONE if self.connections.open(opened, connection_id) else _FULL

    def _may_call(self, headers: Mapping[str, str]) -> bool:
        # Browsers always send it, other clients need not: the ticket grants access.
        origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
        return origin is None or origin in self.origins
