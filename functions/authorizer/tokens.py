"""Verifies that a token is the issuer's and for this API, and names its user. Pure, except for its keys and its clock.

The algorithm comes from the configuration. The token's own is compared, never followed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from functions.authorizer.settings import Settings
from shared.domain.clock import Clock
from shared.domain.errors import UnstuckError

MAX_TOKEN_BYTES = 8192
LEEWAY_SECONDS = 30
"""How far ahead the issuer's clock may be, for `nbf` and `iat`. `exp` has no leeway: only the token's holder is
affected."""


class TokenRefusedError(UnstuckError):
    """The token is invalid. `reason` is one of a fixed set, for the log only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokenExpiredError(TokenRefusedError):
    """The token is valid except that it has expired."""

    def __init__(self, caller: "Caller") -> None:
        super().__init__("expired")
        self.caller = caller


class Keys(Protocol):
    """Where the key of a token comes from."""

    def find(self, header: Mapping[str, Any], /) -> jwt.PyJWK | bytes | None: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """The token's user, and its expiry in whole epoch seconds."""

    subject: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Judges tokens by one configuration."""

    settings: Settings
    keys: Keys
    clock: Clock

    def verify(self, token: str) -> Caller:
        """Return the caller of a valid token.

        Raises TokenRefusedError (TokenExpiredError if it has only expired), or KeysUnavailableError if there is no key.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenRefusedError("too_large")
        return self._caller(self._claims(token))

    def _claims(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token with a valid signature. The claims themselves are not verified yet."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != self.settings.algorithm:
                raise TokenRefusedError("algorithm")
            if "crit" in header:  # extensions that must be understood: none is
                raise TokenRefusedError("critical_extension")
            key = self.keys.find(header)
            if key is None:
                raise TokenRefusedError("unknown_key")
            return dict(jwt.decode(token, key, algorithms=[self.settings.algorithm], options=_SIGNATURE_ALONE))
        except jwt.InvalidSignatureError:
            raise TokenRefusedError("signature") from None
        except (jwt.PyJWTError, ValueError):
            raise TokenRefusedError("malformed") from None

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        now = self.clock.now().timestamp()
        if claims.get("iss") != self.settings.issuer:
            raise TokenRefusedError("issuer")
        if not self._is_for_us(claims):
            raise TokenRefusedError("audience")
        expires_at = _seconds(claims, "exp")
        if expires_at is None:
            raise TokenRefusedError("expired")
        for name in ("nbf", "iat"):
            if name in claims and ((begins := _seconds(claims, name)) is None or begins > now + LEEWAY_SECONDS):
                raise TokenRefusedError("not_yet_valid")
        subject = claims.get("sub")
        # shared.http.request decides which subjects can be owners, also for tokens that the gateway verified.
        if not (isinstance(subject, str) and subject):
            raise TokenRefusedError("subject")
        caller = Caller(subject, math.floor(expires_at))
        if expires_at <= now:
            raise TokenExpiredError(caller)
        return caller

    def _is_for_us(self, claims: Mapping[str, Any]) -> bool:
        if "aud" not in claims and self.settings.audience_claim == "aud-or-client-id":
            return bool(claims.get("client_id") == self.settings.audience)
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        return any(name == self.settings.audience for name in named)


_SIGNATURE_ALONE: Any = {
    "verify_signature": True,
    # Claims are checked here with our clock and more strictly: PyJWT accepts numbers in texts, and one leeway for all.
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss"), False),
    **dict.fromkeys(("verify_sub", "verify_jti"), False),
}


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519, section 2); None if it is not one."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1 << 53 else None
