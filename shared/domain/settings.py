"""The settings of a function, read from its environment on the first run, never at import."""

import math
import os
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

_LOOPBACK = re.compile(r"localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is a parameter of the template; durations are seconds and may be fractions of one."""

    table_name: str
    queue_url: str
    isolated_queue_url: str
    heartbeat_seconds: float = 10.0
    lease_seconds: float = 40.0
    dispatch_grace_seconds: float = 60.0
    deadline_seconds: float = 900.0
    handover_margin_seconds: float = 15.0
    retry_base_seconds: float = 2.0
    model_timeout_seconds: float = 180.0
    max_fruitless_attempts: int = 3
    max_releases: int = 10
    retention_days: float = 30.0
    rate_limits: tuple[str, ...] = ("*=5/300",)
    max_running: int = 10
    max_daily_spend_usd: float = 5.0
    max_monthly_spend_usd: float = 0.0
    max_deployment_daily_spend_usd: float = 0.0
    bucket_name: str = ""
    signed_url_seconds: float = 600.0
    longest_poll_seconds: float = 2.0
    sweep_bound_seconds: float = 180.0
    default_model: str = ""
    image_model: str = ""
    allowed_models: tuple[str, ...] = ()
    fallback_models: tuple[str, ...] = ()
    llm_base_url: str = ""
    llm_plain_http_url: str = ""
    """A model API without TLS, which the operator must choose explicitly. It replaces `llm_base_url`."""
    llm_protocol: str = "auto"
    model_prices: tuple[str, ...] = ()
    max_completion_tokens: int = 5_000
    reasoning_effort: str = ""
    provider_key_parameter: str = ""
    keep_provider_excerpts: bool = False
    """Whether the worker logs providers' error texts, with keys removed."""
    kms_key_id: str = ""
    owner_key: str = ""
    """The key of owners' pseudonyms (`shared.domain.pseudonym`)."""
    enabled_kinds: tuple[str, ...] = ()
    """The kinds that may be created; empty for all."""
    accept_creates: bool = True
    live_table_name: str = ""
    """The table of open connections; empty where the deployment has none (`Live`)."""
    live_url: str = ""
    live_endpoint: str = ""
    """Where browsers connect, and where functions post to connections."""
    allowed_origins: tuple[str, ...] = ()

    @property
    def model_url(self) -> str:
        """Base URL of the model API. Raises ValueError for plain http that is neither on loopback nor explicitly
        chosen."""
        if self.llm_plain_http_url:
            return self.llm_plain_http_url
        address = urlsplit(self.llm_base_url)
        if address.scheme == "http" and not _LOOPBACK.fullmatch(address.hostname or ""):
            raise ValueError(
                "LLM_BASE_URL has no TLS, so keys and prompts would be sent unencrypted. Use https, or set "
                "LlmPlainHttpUrl instead of LlmBaseUrl if the network is yours."
            )
        return self.llm_base_url

    def takes(self, kind: str) -> bool:
        """Whether a generation of this kind may be created."""
        return not self.enabled_kinds or kind in self.enabled_kinds


@cache
def settings() -> Settings:
    """Return the settings of this process. Raises KeyError or ValueError that names the variable at fault."""
    return from_environment(dict(os.environ))


def owner_key() -> str:
    """Return `Settings.owner_key` for log lines, which must be written even if other settings are invalid."""
    return os.environ.get("OWNER_KEY", "")


@cache
def error_docs_url() -> str:
    """Return the URL prefix of the error docs: prefix plus code leads to the code's section. Works even if `settings`
    fails.

    The default needs no host: it points into the OpenAPI document, which the API serves to everybody.
    """
    published = os.environ.get("ERROR_DOCS_URL", "")
    return f"{published}#" if published else "/v1/openapi.json#/x-problems/"


def from_environment(environment: dict[str, str]) -> Settings:
    """Read every setting from the variable of the same name in capitals. A missing or empty variable takes the
    default."""
    values: dict[str, object] = {}
    for name, kind in Settings.__annotations__.items():
        text = environment.get(name.upper(), "")
        if not text:
            continue
        if kind is str:
            values[name] = text
        elif kind in (int, float):
            values[name] = _number(name, kind, text)
        elif kind is bool:
            values[name] = _switch(name, text)
        else:
            values[name] = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in ("table_name", "queue_url", "isolated_queue_url"):
        if name not in values:
            raise KeyError(f"{name.upper()} is not set. The template sets it for every function; check the deployment.")
    return Settings(**values)  # type: ignore[arg-type]  # each value was made by its field's own type above


def _switch(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{name.upper()} is {text!r}. Set it to true or false.")
    return text == "true"


def _number(name: str, kind: type[int] | type[float], text: str) -> float:
    try:
        number = float(text)
        if (
            kind is int
        ):  # CloudFormation's numbers may be fractions: half a generation rounds up to one, not down to none
            number = math.ceil(number)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):  # nan compares with nothing and would switch off its limit
        raise ValueError(f"{name.upper()} is {text!r}. Set it to a number.")
    return number
