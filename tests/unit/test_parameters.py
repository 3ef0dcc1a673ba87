"""The code accepts every parameter value that CloudFormation accepts. Otherwise each call of a deployment would
fail."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions.authorizer.settings import from_environment as authorizer_settings
from functions.create import handler as create
from functions.process.provider import Provider
from operations.deployment import sweep_seconds
from shared import wiring
from shared.aws.journal import warn_of_suffixes
from shared.domain.allowed_models import is_allowed, with_any_suffix
from shared.domain.clock import epoch_milliseconds
from shared.domain.generation import Usage
from shared.domain.limits import policy_of
from shared.domain.model_prices import read_prices, unpriced_models
from shared.domain.pacing import poll_after_seconds
from shared.domain.settings import Settings, from_environment
from shared.store import items
from shared.store.marshalling import expiry
from tests.factories import START, FakeClock, a_generation
from tests.unit.test_template import TEMPLATE, _Loader

NEEDED = {"TABLE_NAME": "t", "QUEUE_URL": "q", "ISOLATED_QUEUE_URL": "i"}
AUTHORIZER = {"TOKEN_ALGORITHM": "HS256", "JWT_ISSUER": "https://i", "JWT_AUDIENCE": "a", "JWT_SECRET_PARAMETER": "/s"}
DOCUMENT: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader
PARAMETERS: dict[str, Any] = DOCUMENT["Parameters"]


def variables_of(parameter: str) -> set[str]:
    """Return the variables of any function whose value the template takes from a parameter."""
    places = [DOCUMENT["Globals"]["Function"], *(each["Properties"] for each in DOCUMENT["Resources"].values())]
    found = [place.get("Environment", {}).get("Variables", {}) for place in places if isinstance(place, dict)]
    return {name for each in found for name, value in each.items() if _refers(value, parameter)}


def _refers(value: Any, parameter: str) -> bool:
    if isinstance(value, dict):
        return value.get("Ref") == parameter or any(_refers(part, parameter) for part in value.values())
    return isinstance(value, list) and any(_refers(part, parameter) for part in value)


def run_with(parameter: str, text: str) -> None:
    """Read a value as each function does at its start, and do with it what each call does."""
    for variable in variables_of(parameter):
        read = from_environment(NEEDED | {variable: text})
        use(read)
        authorizer_settings(AUTHORIZER | {variable: text or AUTHORIZER.get(variable, "")})
    if parameter == "SweepSchedule":
        sweep_seconds([{"ParameterKey": "SweepSchedule", "ParameterValue": text}])


def use(read: Settings) -> None:
    clock = FakeClock()
    policy = policy_of(read)
    for limit in policy.limits.values():
        assert limit.count * limit.seconds > 0
    for price in read_prices(read.model_prices):
        assert price.of(Usage(1, 10**9, 10**9), 4) >= 0
    unpriced_models(read)
    is_allowed("openai/gpt-4o-mini", read)
    head = a_generation(clock, deadline_at=START + timedelta(seconds=read.deadline_seconds))
    beat = timedelta(seconds=read.lease_seconds + read.heartbeat_seconds + read.dispatch_grace_seconds)
    ended = items.parts_expiry(head, read) + timedelta(days=1) + beat
    assert expiry(ended)
    assert epoch_milliseconds(ended + timedelta(seconds=read.max_releases * read.retry_base_seconds)) > 0
    assert poll_after_seconds(head, clock.now(), read) >= 0
    if read.model_url:
        Provider(read.model_url, protocol="openai")


def texts() -> Iterator[Any]:
    for name, parameter in PARAMETERS.items():
        if "AllowedPattern" in parameter:
            yield pytest.param(name, parameter["AllowedPattern"], id=name)


@pytest.mark.parametrize(("name", "pattern"), list(texts()))
def test_each_text_that_a_pattern_takes_is_read(name: str, pattern: str) -> None:
    @settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    @example(str(PARAMETERS[name].get("Default", "")))
    def walk(text: str) -> None:
        if re.fullmatch(pattern, text):
            run_with(name, text)

    walk()


@pytest.mark.parametrize("name", [name for name, each in PARAMETERS.items() if "AllowedValues" in each])
def test_each_value_that_is_allowed_is_read(name: str) -> None:
    for value in PARAMETERS[name]["AllowedValues"]:
        run_with(name, str(value))


@pytest.mark.parametrize(
    "name", [name for name, each in PARAMETERS.items() if each["Type"] == "Number" and "AllowedValues" not in each]
)
def test_each_number_between_its_bounds_is_read(name: str) -> None:
    parameter = PARAMETERS[name]
    least, most = float(parameter["MinValue"]), float(parameter.get("MaxValue", 1e12))
    if variables_of(name):
        assert "MaxValue" in parameter, "a sum of times must stay within the calendar"

    @settings(deadline=None, max_examples=40)
    @given(st.floats(least, most))
    @example(least)
    @example(most)
    def walk(number: float) -> None:
        for text in {repr(number), f"{number:.0f}"}:
            if least <= float(text) <= most:
                run_with(name, text)

    walk()


@pytest.mark.parametrize(
    ("url", "deploys"),
    [
        ("https://llm.example.org/v1", True),
        ("http://127.0.0.1:8080/v1", True),
        ("http://127.9.8.7", True),
        ("http://localhost:11434/v1", True),
        ("http://llm.example.org/v1", False),
        ("http://10.0.0.7:8000/v1", False),
        ("http://127.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://localhost.example.org", False),
    ],
)
def test_a_model_api_without_tls_is_on_loopback_or_asked_for_by_name(url: str, deploys: bool) -> None:
    assert bool(re.fullmatch(PARAMETERS["LlmBaseUrl"]["AllowedPattern"], url)) is deploys
    read = from_environment(NEEDED | {"LLM_BASE_URL": url})
    if deploys:
        assert read.model_url == url
    else:
        with pytest.raises(ValueError, match="LlmPlainHttpUrl"):
            _ = read.model_url
    if url.startswith("http://"):
        assert re.fullmatch(PARAMETERS["LlmPlainHttpUrl"]["AllowedPattern"], url)
    asked = from_environment(NEEDED | {"LLM_BASE_URL": "https://openrouter.ai/api/v1", "LLM_PLAIN_HTTP_URL": url})
    assert asked.model_url == url


@pytest.mark.parametrize(
    "url", ["http://1270.0.0.1", "http://user@127.0.0.1/v1", "http://127.0.0.1@example.org/v1", "HTTP://example.org/v1"]
)
def test_a_model_api_whose_address_only_looks_like_loopback_does_not_deploy_and_is_not_called(url: str) -> None:
    assert not re.fullmatch(PARAMETERS["LlmBaseUrl"]["AllowedPattern"], url)
    assert not re.fullmatch(PARAMETERS["LlmPlainHttpUrl"]["AllowedPattern"], url)
    with pytest.raises(ValueError, match=r"LlmPlainHttpUrl|credentials|password"):
        Provider(from_environment(NEEDED | {"LLM_BASE_URL": url}).model_url, protocol="openai")


@pytest.mark.parametrize(
    ("allowed", "warned"),
    [
        ("openai/*", "openai/*"),
        ("openai/gpt-4o*,a/b", "openai/gpt-4o*"),
        ("*,x/*", "*, x/*"),
        ("*:free", None),
        ("openai/*-mini", None),
        ("openai/gpt-4o:online", None),
        ("", None),
    ],
)
def test_a_pattern_that_takes_suffixes_which_cost_more_is_warned_of(
    allowed: str, warned: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_openrouter = NEEDED | {"LLM_BASE_URL": "https://openrouter.ai/api/v1", "ALLOWED_MODELS": allowed}
    warn_of_suffixes(with_any_suffix(from_environment(of_openrouter)))
    printed = capsys.readouterr().out
    assert (json.loads(printed)["patterns"] if printed else None) == warned
    monkeypatch.setattr("functions.create.handler.settings", lambda: from_environment(of_openrouter))
    monkeypatch.setattr(wiring, "ground", lambda *_: None)
    with suppress(AttributeError, KeyError):  # of a store without a table only the start is of interest
        create._service.__wrapped__()
    assert capsys.readouterr().out.count("WARNING") == (warned is not None)
    elsewhere = from_environment(of_openrouter | {"LLM_BASE_URL": "https://api.openai.com/v1"})
    assert with_any_suffix(elsewhere) == ()


@pytest.mark.parametrize(
    "text",
    ["*=100000/60", "*=1/10000000", "*=0/60", "*=1/60,*=2/60", f"{'a' * 33}=1/60", "Story=1/60", "*=1/60,", "*=01/60"],
)
def test_a_limit_that_no_create_could_be_held_to_does_not_deploy(text: str) -> None:
    assert not re.fullmatch(PARAMETERS["RateLimits"]["AllowedPattern"], text)


def test_several_limits_of_several_kinds_deploy() -> None:
    pattern = PARAMETERS["RateLimits"]["AllowedPattern"]
    assert re.fullmatch(pattern, "*=5/300,story=2/3600,image=10000/9999999")
    assert not re.fullmatch(pattern, "story=2/3600,*=5/300,story=1/60")
