"""Makes real tokens: keys of each sort, tokens signed with them, and an issuer that publishes them on loopback."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.model_server.serving import JsonHandler, LoopbackServer

AUDIENCE = "unstuck-tests"


def _new_key(algorithm: str) -> Any:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()


def segment(value: Any) -> str:
    """One part of a token: base64url without padding, of bytes or of a value's JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Signer:
    """A private key, as an issuer holds one. `key_id` is what its tokens and its published half are named by."""

    algorithm: str = "ES256"
    key_id: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        self.key = _new_key(self.algorithm)

    @property
    def jwk(self) -> dict[str, Any]:
        algorithms = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}
        as_jwk = algorithms.get(self.algorithm, jwt.algorithms.OKPAlgorithm)
        public = as_jwk.to_jwk(self.key.public_key(), as_dict=True)  # type: ignore[attr-defined]
        return {**public, "kid": self.key_id, "use": "sig", "alg": self.algorithm}

    @property
    def pem(self) -> bytes:
        """The public half as everybody may know it."""
        return bytes(self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def sign(self, claims: Any, **header: Any) -> str:
        """A token of these claims, whatever they are: JSON's form of them, or bytes as they are."""
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        # Not jwt.encode, which checks some claims first: an issuer with a fault does not.
        return jwt.PyJWS().encode(payload, self.key, self.algorithm, {"typ": "JWT", "kid": self.key_id, **header})


def unsigned(claims: dict[str, Any], algorithm: str, signature: str = "", **header: Any) -> str:
    """A token that nobody signed."""
    return f"{segment({'alg': algorithm, 'typ': 'JWT', **header})}.{segment(claims)}.{signature}"


def signed_by_hmac(claims: dict[str, Any], secret: bytes, **header: Any) -> str:
    """An HS256 token with any secret, also one that PyJWT refuses to sign with."""
    body = f"{segment({'alg': 'HS256', 'typ': 'JWT', **header})}.{segment(claims)}"
    return f"{body}.{segment(hmac.digest(secret, body.encode(), hashlib.sha256))}"


class Issuer(LoopbackServer):
    """An issuer of one algorithm whose keys a test changes as it runs. `asked` has each path that was fetched."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.signer = Signer(algorithm)
        self.published: Any = {"keys": [self.signer.jwk]}
        self.status = 200
        self.asked: list[str] = []
        super().__init__(_Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def claims(self, sub: str = "alice", ttl_seconds: int = 3600, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + ttl_seconds, **more}

    def token(self, sub: str = "alice", ttl_seconds: int = 3600, **claims: Any) -> str:
        return self.signer.sign(self.claims(sub, ttl_seconds, **claims))

    def rotate(self) -> Signer:
        """Replace the key at once, without the overlap that a careful issuer leaves. Returns the old one."""
        old, self.signer = self.signer, Signer(self.signer.algorithm)
        self.published = {"keys": [self.signer.jwk]}
        return old

    def __enter__(self) -> "Issuer":
        return self.start()


class _Handler(JsonHandler):
    server: Issuer

    def keys(self) -> None:
        self.server.asked.append(self.path)
        self.reply(self.server.status, self.server.published)

    routes = {"GET /.well-known/jwks.json": keys, "GET /evil.json": keys}  # noqa: RUF012 (never changed)
