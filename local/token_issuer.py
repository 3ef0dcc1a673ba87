"""A token issuer on loopback: OpenID discovery, keys, and a route that signs a token for any user (local only).

Run it as `python -m local.token_issuer --port 0 --port-file PATH`. Its RSA key is made at the start and never stored.
"""

import argparse
import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.model_server.serving import JsonHandler, LoopbackServer, serve_until_told

DEFAULT_AUDIENCE = "unstuck-local"
DEFAULT_TTL_SECONDS = 3600
ALGORITHM = "RS256"


class TokenIssuer(LoopbackServer):
    """`with TokenIssuer() as issuer:` then `issuer.issuer` and `issuer.token("alice")`."""

    def __init__(self, port: int = 0) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        key_id = hashlib.sha256(json.dumps(public, sort_keys=True).encode()).hexdigest()[:16]
        self.jwk: dict[str, Any] = public | {"kid": key_id, "use": "sig", "alg": ALGORITHM}
        super().__init__(_Handler, port)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(
        self,
        sub: str,
        audience: str = DEFAULT_AUDIENCE,
        ttl_seconds: float = DEFAULT_TTL_SECONDS,
        **claims: Any,
    ) -> str:
        """A signed token; `ttl_seconds` below zero makes one that has expired. `claims` add and override."""
        now = int(time.time())
        expires = int(now + ttl_seconds)
        payload = {
            "iss": self.issuer,
            "sub": sub,
            "aud": audience,
            "iat": min(now, expires),
            "exp": expires,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(payload | claims, self._key, ALGORITHM, {"kid": self.jwk["kid"]})

    def __enter__(self) -> Self:
        return self.start()


class _Handler(JsonHandler):
    server: TokenIssuer
    max_body_bytes = 64 * 1024

    def discovery(self) -> None:
        issuer = self.server.issuer
        self.reply(
            200,
            {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/.well-known/jwks.json",
                "token_endpoint": f"{issuer}/token",
                "authorization_endpoint": f"{issuer}/token",
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            },
        )

    def keys(self) -> None:
        self.reply(200, {"keys": [self.server.jwk]})

    def mint(self) -> None:
        """`sub`, `aud` and `ttl` (seconds) from the query or from a form."""
        asked = {
            name: values[-1]
            for name, values in (parse_qs(self.query) | parse_qs(self.body.decode("utf-8", "replace"))).items()
        }
        try:
            ttl = int(asked.get("ttl", DEFAULT_TTL_SECONDS))
        except ValueError:
            self.refuse(400, "ttl is not a whole number of seconds")
            return
        if not asked.get("sub"):
            self.refuse(400, "sub is missing")
            return
        token = self.server.token(asked["sub"], asked.get("aud", DEFAULT_AUDIENCE), ttl)
        self.reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": ttl})

    routes = {  # noqa: RUF012 (never changed)
        "GET /.well-known/openid-configuration": discovery,
        "GET /.well-known/jwks.json": keys,
        "GET /token": mint,
        "POST /token": mint,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.token_issuer", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port; 0 chooses a free one")
    parser.add_argument("--port-file", type=Path, help="the file to write the port to, once the server listens")
    arguments = parser.parse_args()
    serve_until_told(TokenIssuer(arguments.port), arguments.port_file)


if __name__ == "__main__":
    main()
