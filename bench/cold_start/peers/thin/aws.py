"""A signed call of AWS's JSON protocol with http.client alone: Signature Version 4 by hand, on one kept connection.

Only for measurements. It has no retries, no expiring credentials, no clock skew, no other partition.
"""

import hashlib
import hmac
import http.client
import json
import os
import time
import urllib.parse
from typing import Any


class Service:
    """One service at one endpoint."""

    def __init__(self, name: str, target: str, version: str) -> None:
        region = os.environ["AWS_REGION"]
        endpoint = os.environ.get("AWS_ENDPOINT_URL", f"https://{name}.{region}.amazonaws.com")
        url = urllib.parse.urlsplit(endpoint)
        secure = url.scheme == "https"
        make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = make(str(url.hostname), url.port, timeout=2)
        self._host, self._name, self._region, self._target = url.netloc, name, region, target
        self._type = f"application/x-amz-json-{version}"

    def call(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Raises RuntimeError with the answer's body for any status but 200."""
        body = json.dumps(asked).encode()
        self._connection.request("POST", "/", body, self._headers(operation, body))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(text.decode())
        found: dict[str, Any] = json.loads(text)
        return found

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        now = time.gmtime()
        stamp, day = time.strftime("%Y%m%dT%H%M%SZ", now), time.strftime("%Y%m%d", now)
        headers = {
            "content-type": self._type,
            "host": self._host,
            "x-amz-date": stamp,
            "x-amz-target": f"{self._target}.{operation}",
        }
        if token := os.environ.get("AWS_SESSION_TOKEN"):
            headers["x-amz-security-token"] = token
        signed = ";".join(sorted(headers))
        listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"POST\n/\n\n{listed}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{day}/{self._region}/{self._name}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        given = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={signed}, Signature={signature}"
        return headers | {"authorization": f"AWS4-HMAC-SHA256 {given}"}


def dynamodb() -> Service:
    return Service("dynamodb", "DynamoDB_20120810", "1.0")


def sqs() -> Service:
    return Service("sqs", "AmazonSQS", "1.0")
