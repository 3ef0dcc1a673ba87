"""What API Gateway asks and says of a WebSocket: may it open, it opens, it has closed. No message is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.store.connections import Connections, Pass

_DONE = {"statusCode": 200}
_FULL = {"statusCode": 429}


@dataclass(frozen=True, slots=True)
class SocketService:
    """Raises what the store raises: API Gateway then refuses the handshake, and the client asks for a new ticket."""

    connections: Connections
    origins: tuple[str, ...]

    def judge(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer whether a connection may open, and whose it is. A ticket is used up by this, unless a page that may
        not call the API has sent it."""
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
        """Note what has opened, before API Gateway lets it through, and forget what has closed."""
        context = event["requestContext"]
        opened = Pass(str(context["authorizer"]["sub"]), int(context["authorizer"]["ends"]))
        connection_id = str(context["connectionId"])
        if context["eventType"] == "DISCONNECT":
            self.connections.close(opened.owner, connection_id)
            return _DONE
        return _DONE if self.connections.open(opened, connection_id) else _FULL

    def _may_call(self, headers: Mapping[str, str]) -> bool:
        # Browsers always send it, and nothing else has to: the ticket is what lets in.
        origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
        return origin is None or origin in self.origins
