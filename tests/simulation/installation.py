"""Puts the simulator under the real handlers: clocks, clients, threads, model and caches become those of the simulated
process that runs. It changes no code, only names in modules, and restores them."""

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

import functions.actions.handler
import functions.actions.retry
import functions.actions.review  # its handler imports it late, and its names must be replaced as well
import functions.create.handler
import functions.process.handler
import functions.process.key
import functions.process.provider
import functions.status.handler
import functions.sweeper.handler
import functions.sweeper.service
from shared import kinds, wiring
from shared.aws import clients, logs, metrics
from shared.domain import idempotency, settings
from shared.kinds import forms
from shared.kinds.contract import Kind
from shared.store import items, keys
from shared.store.deployment_spend import DeploymentSpend
from shared.store.table import Table
from tests.factories import SETTINGS

HANDLERS = {
    "create": functions.create.handler,
    "status": functions.status.handler,
    "actions": functions.actions.handler,
    "process": functions.process.handler,
    "sweeper": functions.sweeper.handler,
}
SETTINGS_OF_ALL = replace(
    SETTINGS,
    bucket_name="simulated",
    kms_key_id="simulated",
    llm_base_url="https://simulated/v1",
    provider_key_parameter="/simulated",
    rate_limits=("*=100/300",),
    max_running=0,
    max_daily_spend_usd=0.0,
    max_deployment_daily_spend_usd=1e9,
)
"""No limit is simulated. The spend of all owners is booked, and never reaches its limit."""

_SHARDS = 3
_MOST_REMEMBERED = 5_000


class Here(Protocol):
    """The world that is being simulated, as the running process meets it."""

    def settings(self) -> settings.Settings: ...

    def clock(self) -> Any: ...

    def dynamodb(self) -> Any: ...

    def sqs(self) -> Any: ...

    def s3(self) -> Any: ...

    def kms(self) -> Any: ...

    def model(self) -> Any: ...

    def names(self) -> tuple[str, ...]: ...

    def load(self, name: str) -> Kind: ...

    def sleep(self, seconds: float) -> None: ...

    def event(self) -> Any: ...

    def thread(self, target: Callable[[], None], name: str) -> Any: ...

    def pool(self) -> Any: ...

    def kept(self, make: Callable[[], Any]) -> Any: ...

    def log(self, level: str, message: str) -> None: ...


class _Nowhere:
    """The world of no simulation."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no simulation is running: {name}")


_here: list[Any] = [_Nowhere()]


@contextmanager
def inhabited(world: Here) -> Iterator[None]:
    """Have the installed names lead to this world within the block."""
    _here.append(world)
    try:
        yield
    finally:
        _here.pop()


def _there(name: str) -> Callable[..., Any]:
    """Return what calls the world's own `name`, whichever world is inhabited by then."""

    def call(*given: Any) -> Any:
        return getattr(_here[-1], name)(*given)

    return call


class _Clock:
    def __getattr__(self, name: str) -> Any:
        return getattr(_here[-1].clock(), name)


class _Remembered:
    """A function of an item, which nobody changes, that is worked out once for each."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function, self._known = function, dict[int, tuple[Any, Any]]()

    def __call__(self, item: Any) -> Any:
        known = self._known.get(id(item))
        if known is None:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            # The item is kept with it: otherwise another could get its id.
            known = self._known[id(item)] = item, self._function(item)
        return known[1]


class _Logger:
    """Takes what the functions log; the world keeps what would be an error."""

    def __getattr__(self, level: str) -> Callable[..., None]:
        def log(message: str, **_more: Any) -> None:
            where = sys.exc_info()[1]
            _here[-1].log(level, f"{message}: {where!r}" if where else message)

        return log


@contextmanager
def installed() -> Iterator[None]:
    """Have the handlers run in whichever world is inhabited. Costs some milliseconds: once for many simulations."""
    logger, clock = _Logger(), _Clock()
    substitutes: list[tuple[Any, Any]] = [
        (settings.settings, _there("settings")),
        (kinds.names, _there("names")),
        (kinds.load, _there("load")),
        (clients.dynamodb, _there("dynamodb")),
        (clients.s3, _there("s3")),
        (clients.kms, _there("kms")),
        (clients.sqs, _there("sqs")),
        (wiring.clock, clock),
        (logs.logger, lambda: logger),
        (time.sleep, _sleep),
        (metrics.measure, lambda _values, _ended=(): None),
        # Replaces code that makes a run slow and changes nothing. These are a slow hash, the repeated decoding of one
        # item, and forms that are made again each time.
        (idempotency.slow_hash_of, _fast_hash_of),
        (items.decode_head, _Remembered(items.decode_head)),
        (forms.with_length, cache(forms.with_length)),
        (ThreadPoolExecutor, lambda **_sizes: _here[-1].pool()),
        (functions.process.provider.Provider, lambda *_settings, **_more: _here[-1].model()),
        (functions.process.key.ServiceKey, lambda *_name, **_more: lambda: "sk-simulated"),
    ]
    changes: list[tuple[Any, str, Any]] = [change for old, new in substitutes for change in _places(old, new)]
    changes += [change for module in HANDLERS.values() for change in _caches(module)]
    changes.append((sys.modules["functions.process.heartbeat"], "threading", _threading()))
    # A quarter of all boundaries would be the sweeper's looks into shards where nothing is.
    changes += [(module, "DUE_SHARDS", _SHARDS) for module in (keys, functions.sweeper.service)]
    # Its ceiling is never reached, and each create would ask ten partitions for the sum.
    changes.append((DeploymentSpend, "spent_today", lambda _spend, _moment: Decimal(0)))
    defaults = tuple(_sleep if default is time.sleep else default for default in Table.__init__.__defaults__ or ())
    before = {(module, name): getattr(module, name) for module, name, _new in changes}
    kept = Table.__init__.__defaults__
    try:
        for module, name, new in changes:
            setattr(module, name, new)
        Table.__init__.__defaults__ = defaults
        yield
    finally:
        for (module, name), old in before.items():
            setattr(module, name, old)
        Table.__init__.__defaults__ = kept


def _fast_hash_of(secret: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}\n{secret}".encode()).hexdigest()


def _sleep(seconds: float) -> None:
    _here[-1].sleep(seconds)


def _threading() -> SimpleNamespace:
    return SimpleNamespace(
        Event=_there("event"),
        Lock=threading.Lock,  # held for moments only, never across a boundary
        Thread=lambda *, target, name, **_daemon: _here[-1].thread(target, name),
    )


def _places(old: Any, new: Any) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield every name in the code's modules that refers to `old`: `from x import y` makes one in each importer."""
    for module_name, module in sorted(sys.modules.items()):
        if module_name.split(".")[0] in ("shared", "functions"):
            for name, value in sorted(vars(module).items()):
                if value is old:
                    yield module, name, new


def _caches(module: ModuleType) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield the handler's own caches: what they keep belongs to one process."""
    for name, value in sorted(vars(module).items()):
        if hasattr(value, "cache_info") and value.__module__ == module.__name__:
            yield module, name, _kept(value.__wrapped__)


def _kept(make: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: _here[-1].kept(make)
