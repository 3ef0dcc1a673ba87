"""The authorizer's settings, read from its environment on the first run, never at import."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

Algorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]
AudienceClaim = Literal["aud", "aud-or-client-id"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One issuer, one audience and one algorithm: a token can choose none of them."""

    issuer: str
    audience: str
    algorithm: Algorithm
    audience_claim: AudienceClaim = "aud"
    jwks_url: str = ""
    secret_parameter: str = ""


def from_environment(environment: dict[str, str]) -> Settings:
    """Read the variables that the template sets. Raises ValueError that names the faulty one."""
    algorithm = environment.get("TOKEN_ALGORITHM", "")
    if algorithm not in get_args(Algorithm):
        raise ValueError(f"TOKEN_ALGORITHM is {algorithm!r}. Set it to one of {get_args(Algorithm)}.")
    audience_claim = environment.get("TOKEN_AUDIENCE_CLAIM", "aud")
    if audience_claim not in get_args(AudienceClaim):
        raise ValueError(f"TOKEN_AUDIENCE_CLAIM is {audience_claim!r}. Set it to one of {get_args(AudienceClaim)}.")
    needed = ["JWT_ISSUER", "JWT_AUDIENCE", *(["JWT_SECRET_PARAMETER"] if algorithm == "HS256" else [])]
    missing = [name for name in needed if not environment.get(name)]
    if missing:
        raise ValueError(f"not set: {', '.join(missing)}")
    issuer = environment["JWT_ISSUER"]
    return Settings(
        issuer=issuer,
        audience=environment["JWT_AUDIENCE"],
        algorithm=cast(Algorithm, algorithm),
        audience_claim=cast(AudienceClaim, audience_claim),
        jwks_url=environment.get("JWKS_URL") or f"{issuer.rstrip('/')}/.well-known/jwks.json",
        secret_parameter=environment.get("JWT_SECRET_PARAMETER", ""),
    )
