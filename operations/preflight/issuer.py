"""Checks that users' tokens could be verified: reads the issuer's discovery document and keys as the verifier does."""

import ipaddress
import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from operations.preflight.found import Found
from operations.preflight.plan import Plan

Fetch = Callable[[str], bytes]
"""Returns the content of a URL. Raises OSError if it is not available, including a refused certificate or status."""
Resolve = Callable[[str], list[str]]
"""Returns the addresses of a host. Raises OSError if it has none."""

_LARGEST = 1_000_000
_SECONDS = 10
_KEY_TYPES = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """API Gateway's documentation does not say that it follows one, and the authorizer does not."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def fetch(url: str) -> bytes:
    """Get a document over HTTP with this machine's proxy and certificates."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - checked before
    with urllib.request.build_opener(_NoRedirects()).open(request, timeout=_SECONDS) as answer:
        return bytes(answer.read(_LARGEST))


def resolve(host: str) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]


def issuer(plan: Plan, fetch: Fetch = fetch, resolve: Resolve = resolve) -> Iterator[Found]:
    """Find why no token could be verified. This check ignores an empty JwtIssuer."""
    address = plan.value("JwtIssuer")
    if not address or plan.holds("SecretVerifies"):
        return
    if plan.value("TokenVerifier") == "gateway":
        yield from _read_by_gateway(address, fetch, resolve)
    else:
        keys = plan.value("JwksUrl") or f"{address.rstrip('/')}/.well-known/jwks.json"
        yield from _reachable("JwksUrl", keys, resolve)
        yield from _keys(keys, plan.value("TokenAlgorithm"), fetch, "TokenAlgorithm")


def _read_by_gateway(address: str, fetch: Fetch, resolve: Resolve) -> Iterator[Found]:
    yield from _reachable("JwtIssuer", address, resolve)
    url = f"{address.rstrip('/')}/.well-known/openid-configuration"
    try:
        document = _object(fetch(url))
    except (OSError, ValueError) as error:
        yield Found(
            "discovery_unreadable",
            f"{url} cannot be read ({_short(error)}), so API Gateway refuses the authorizer and the deploy fails.",
            "Correct JwtIssuer. If the issuer has no such document, set TokenVerifier to function.",
        )
        return
    if document.get("issuer") != address:
        yield Found(
            "issuer_differs",
            f"The document names the issuer {str(document.get('issuer'))[:200]!r}, but JwtIssuer is "
            f"{address!r}. Every token would get a 401.",
            "Set JwtIssuer to exactly the tokens' iss, including a trailing slash if there is one.",
        )
    keys = document.get("jwks_uri")
    if not isinstance(keys, str):
        says = f"{url} has no jwks_uri, the address of the keys."
        yield Found(
            "keys_unreadable",
            says,
            "Configure the issuer to publish it, or set TokenVerifier to function and set JwksUrl.",
        )
        return
    yield from _reachable("jwks_uri", keys, resolve)
    yield from _keys(keys, "RS256", fetch, "TokenVerifier")


def _keys(url: str, algorithm: str, fetch: Fetch, parameter: str) -> Iterator[Found]:
    try:
        listed = _object(fetch(url)).get("keys")
        if not isinstance(listed, list):
            raise ValueError("it has no list of keys")
    except (OSError, ValueError) as error:
        yield Found(
            "keys_unreadable",
            f"The keys at {url} cannot be read ({_short(error)}), so no token could be verified.",
            "Correct JwksUrl or JwtIssuer, or wait until the issuer is available.",
        )
        return
    if any(isinstance(key, dict) and _fits(key, algorithm) for key in listed):
        return
    others = sorted({str(key.get("alg") or key.get("kty"))[:20] for key in listed if isinstance(key, dict)})
    has = f"It has {', '.join(others)}." if others else "It has none at all."
    do = "Set TokenVerifier to function, and TokenAlgorithm to the issuer's algorithm (docs/auth.md)."
    if parameter == "TokenAlgorithm":
        do = "Set TokenAlgorithm to the issuer's algorithm (docs/auth.md)."
    elif not others:
        do = "Configure the issuer to publish its keys. Supabase's older projects have none: see docs/auth.md."
    yield Found("no_key_fits", f"The key set at {url} has no key with a kid for {algorithm}. {has}", do)


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    return (
        isinstance(key.get("kid"), str)
        and (key.get("kty"), key.get("crv")) == _KEY_TYPES[algorithm]
        and key.get("use", "sig") == "sig"
        and (algorithm != "RS256" or str(key.get("alg", "RS256")).startswith("RS"))
        and (algorithm == "RS256" or key.get("alg", algorithm) == algorithm)
    )


def _reachable(name: str, url: str, resolve: Resolve) -> Iterator[Found]:
    read = urllib.parse.urlsplit(url)
    if read.scheme != "https":
        says = f"{name} is {url}: keys without TLS could be forged, and API Gateway accepts none."
        yield Found("issuer_not_https", says, f"Use the https address of {name}.")
    try:
        inside = [each for each in resolve(read.hostname or "") if not ipaddress.ip_address(each).is_global]
    except (OSError, ValueError):
        return  # reading it reports this better
    if inside:
        says = f"{read.hostname} resolves to {inside[0]}, which AWS cannot reach over the public internet."
        yield Found("issuer_not_public", says, f"Use a public address for {name}.")


def _object(content: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError for anything else."""
    try:
        read = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(read, dict):
        raise ValueError("it is not a JSON object")
    return read


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
