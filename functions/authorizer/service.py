"""Tells API Gateway whose call it is. Knows no routes and no generations."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.authorizer.sampling import Sampler
from functions.authorizer.tokens import TokenExpiredError, TokenRefusedError, TokenVerifier

_LOG = logging.getLogger(__name__)
# RFC 9110, section 11.4: the scheme is case-insensitive. Two headers in one, joined by a comma, do not match.
_BEARER = re.compile(r"bearer ++([\w-]++\.[\w-]++\.[\w-]++)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AuthorizerService:
    """Judges calls only by their Authorization header."""

    verifier: TokenVerifier
    sampler: Sampler

    def judge(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return a simple response of payload format 2.0. If it raises, the gateway returns 500 and refuses the call.

        It judges the identity source, because API Gateway caches the response under exactly that. An expired but
        otherwise valid token passes, because API Gateway would return the same 403 as for every refusal. The functions
        compare `exp` with each call's time instead, and return 401 `token_expired`, which a page can read.
        """
        sources = event["identitySource"]
        match = _BEARER.fullmatch(sources[0]) if isinstance(sources, list) and len(sources) == 1 else None
        try:
            if match is None:
                raise TokenRefusedError("no_bearer_token")
            caller = self.verifier.verify(match[1])
        except TokenExpiredError as expired:
            self._log("expired")
            caller = expired.caller
        except TokenRefusedError as refused:
            self._log(refused.reason)
            return {"isAuthorized": False}
        # A cached response does not extend a token's life: see above.
        return {"isAuthorized": True, "context": {"sub": caller.subject, "exp": caller.expires_at}}

    def _log(self, reason: str) -> None:
        left_out = self.sampler.left_out(reason)
        if left_out is not None:
            _LOG.info("token refused", extra={"reason": reason, "left_out": left_out})
