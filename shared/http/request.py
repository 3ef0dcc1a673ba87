"""One call of the HTTP API as a function gets it: the caller, the path, the body. Knows no rules of generations."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.generation import GenerationKey
from shared.http.problems import ProblemError

MAX_BODY_BYTES = 256 * 1024
_SUBJECT_LENGTH = 128
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the HTTP API: payload format 2.0, already routed and its token already verified."""

    event: Mapping[str, Any]

    @property
    def request_id(self) -> str:
        return str(self.event["requestContext"]["requestId"])

    @property
    def owner(self) -> str:
        """The caller: the verified token's `sub` and nothing else. Raises ProblemError if it cannot be a key."""
        subject = self._claims().get("sub", "")
        if not (isinstance(subject, str) and 0 < len(subject) <= _SUBJECT_LENGTH and subject.isprintable()):
            raise ProblemError("unsupported_subject")
        if not subject.isascii():
            raise ProblemError("unsupported_subject")
        return subject

    @property
    def token_ends_at(self) -> int:
        """When the caller's token expires, in whole epoch seconds, rounded down: a claim may be text or a fraction."""
        return int(float(self._claims()["exp"]))

    def _claims(self) -> Mapping[str, Any]:
        """API Gateway's facts about the token: the claims from its own verifier, or the response of
        functions/authorizer.

        API Gateway may have cached the authorizer's response from an earlier call, so its `exp` is compared with this
        call's time.
        """
        context = self.event["requestContext"]
        if "lambda" not in context["authorizer"]:
            return dict(context["authorizer"]["jwt"]["claims"])
        claims = dict(context["authorizer"]["lambda"])
        if int(claims["exp"]) * 1000 <= int(context["timeEpoch"]):
            raise ProblemError("token_expired")
        return claims

    @property
    def key(self) -> GenerationKey:
        """The caller's generation with the id in the path. Raises what `owner` and `generation_id` raise."""
        return GenerationKey(self.owner, self.generation_id)

    @property
    def generation_id(self) -> str:
        """The id in the path, in lower case, as ids are stored. A UUID may come in either case (RFC 9562, section 4).

        A text that cannot be one of our ids gets the same response as a missing generation.
        """
        generation_id = str(self.event.get("pathParameters", {}).get("generation_id", ""))
        # Only for ASCII: the Kelvin sign's lower case is an ASCII letter.
        generation_id = generation_id.lower() if generation_id.isascii() else ""
        if not _ID.fullmatch(generation_id):
            raise ProblemError("not_found")
        return generation_id

    @property
    def card_id(self) -> str:
        """The card's id in the path. A text that cannot be one of our ids gets the same response as a missing card."""
        card_id = str(self.event.get("pathParameters", {}).get("card_id", ""))
        if not _ID.fullmatch(card_id):
            raise ProblemError("card_not_found")
        return card_id

    def reference(self, path: str) -> str:
        """Return a relative reference (RFC 3986, section 4.2) from this call's own address to `path`.

        It is correct below a stage, a custom domain's mapping or a proxy's path. A function cannot know these for sure:
        whether `rawPath` holds them varies.
        """
        own = str(self.event["routeKey"]).partition(" ")[2]
        return "../" * (own.count("/") - 1) + path.removeprefix("/")

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name, the form that API Gateway uses."""
        value = self.event.get("headers", {}).get(name)
        return None if value is None else str(value)

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object of valid text. Raises ProblemError, and checks the size
        first."""
        text = self._text()
        try:
            body = json.loads(text, parse_constant=_refuse_constant, parse_float=_number)
            _refuse_unsound(body)
        except (ValueError, RecursionError) as error:
            raise ProblemError("invalid_json", detail="Send one JSON object.") from error
        if not isinstance(body, dict):
            raise ProblemError("invalid_json", detail="Send one JSON object.")
        return body

    def _text(self) -> str:
        body = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            raw = body.encode("utf-8", "surrogatepass")
        elif len(body) > MAX_BODY_BYTES * 4 // 3 + 4:
            raise ProblemError("body_too_large")
        else:
            try:
                raw = base64.b64decode(body, validate=True)
            except ValueError as error:  # either not ASCII, or binascii's error for invalid base64
                raise ProblemError("invalid_encoding") from error
        if len(raw) > MAX_BODY_BYTES:
            raise ProblemError("body_too_large")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProblemError("invalid_encoding") from error


def whole_number(text: str) -> int | None:
    """Return the integer in a path or query, by JSON Schema's rules: 2, 2.0 and 2e0 are the same integer.

    Returns None if it is not an integer.
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = _number(text)
    return number if isinstance(number, int) else None


def _number(text: str) -> int | float:
    """Read a JSON number with a fraction or an exponent. Returns an int if the value is an integer.

    JSON has a single type of number, and JSON Schema (2020-12, section 4.2.3) calls 2.0 an integer.
    """
    number = float(text)
    return int(number) if number.is_integer() else number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_unsound(value: object) -> None:
    """Refuse lone surrogates, which UTF-8 cannot hold.

    Accepts U+FFFD, because texts from PDFs hold it. API Gateway replaces invalid bytes with it, so those pass as well.
    """
    if isinstance(value, str):
        try:
            value.encode()  # fails for a lone surrogate, and is far cheaper than checking each character
        except UnicodeEncodeError:
            raise ProblemError("invalid_encoding") from None
    elif isinstance(value, dict):
        for key, member in value.items():
            _refuse_unsound(key)
            _refuse_unsound(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_unsound(member)
