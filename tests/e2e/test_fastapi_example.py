"""examples/fastapi, run as its reader runs it: wherever it is killed, each end has one notice."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import pytest

from local.stack import LocalStack
from local.token_issuer import DEFAULT_AUDIENCE
from tests.e2e import faults
from tests.e2e.gate import Gate, Match
from tests.e2e.owner import PATIENCE_SECONDS, Owner, eventually, own_text
from tests.node import ROOT

UVICORN = ROOT / ".venv-fastapi" / "bin" / "uvicorn"
CREATE: Match = lambda method, body: method == "POST" and "source_text" in body  # noqa: E731
RETRY: Match = lambda method, body: method == "POST" and "from" in body  # noqa: E731
LOOK: Match = lambda method, _: method == "GET"  # noqa: E731
pytestmark = [
    pytest.mark.skipif(not UVICORN.exists(), reason="no FastAPI: `make test` installs it"),
    pytest.mark.timeout(300),
]


class App:
    """The example in a process of its own, on a port of its own."""

    def __init__(self, place: Path, environment: dict[str, str]) -> None:
        self.rows = place / "decks.sqlite3"
        self._log = place / f"{uuid.uuid4()}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [UVICORN, "decks.app:app", "--port", "0", "--timeout-graceful-shutdown", "1"],
                cwd=ROOT / "examples" / "fastapi",
                env={**environment, "DECKS_FILE": str(self.rows)},
                stderr=log,
                stdout=log,
            )
        found = eventually(self._listening, lambda found: found is not None or self._process.poll() is not None)
        assert found is not None, self.said
        self.url = found[1]

    def _listening(self) -> re.Match[str] | None:
        return re.search(r"running on (http://127\.0\.0\.1:\d+)", self.said)

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stored(self, query: str) -> list[Any]:
        """Return what its file has, without asking the app."""
        with closing(sqlite3.connect(self.rows)) as rows:
            return rows.execute(query).fetchall()

    def age(self, seconds: float) -> None:
        """Make its decks older."""
        with closing(sqlite3.connect(self.rows)) as rows, rows:
            rows.execute("UPDATE decks SET created_at = created_at - ?", (seconds,))


class User:
    """A user's page: it knows the app alone."""

    def __init__(self, app: App, token: str) -> None:
        self.http = httpx.Client(base_url=app.url, headers={"authorization": f"Bearer {token}"}, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def make(self, deck_id: uuid.UUID, model: str | None = None, text: str | None = None) -> None:
        answer = self.http.post("/decks", json={"id": str(deck_id), "text": text or own_text(), "model": model})
        assert answer.status_code == 202, answer.text

    def notices(self, after: int = 0) -> list[dict[str, Any]]:
        """Wait for notices, as long as it takes."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            answer = self.http.get("/notices", params={"after": after, "wait": 20}).raise_for_status()
            if found := answer.json():
                return list(found)
        raise AssertionError("no notice")


@pytest.fixture
def gate(stack: LocalStack) -> Iterator[Gate]:
    """Stands between the app and Unstuck."""
    with Gate(stack.api_url).open() as gate:
        yield gate


@pytest.fixture
def environment(stack: LocalStack, gate: Gate) -> dict[str, str]:
    address = gate.url + urlsplit(stack.api_url).path
    named = {"UNSTUCK_URL": address, "JWT_ISSUER": stack.issuer_url, "JWT_AUDIENCE": DEFAULT_AUDIENCE}
    return {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1", **named}


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[[], App]]:
    """Start the app, each time on the same rows."""
    with ExitStack() as running:

        def start() -> App:
            app = App(tmp_path, environment)
            running.callback(app.kill)
            return app

        yield start


def ends(app: App) -> list[tuple[int, str, str | None]]:
    found: list[tuple[int, str, str | None]] = app.stored("SELECT run, status, code FROM notices ORDER BY number")
    return found


def only_generation(owner: Owner) -> str:
    """Return the one generation that was started, by whatever the app sent."""
    [found] = owner.http.get("/v1/generations").raise_for_status().json()["generations"]
    owner.generations[:] = [found["generation_id"]]
    return owner.generations[0]


def test_a_user_gets_one_notice_of_a_deck_and_its_cards_however_often_the_page_sends_it(
    stack: LocalStack, alice: Owner, start: Callable[[], App]
) -> None:
    app, deck_id, text = start(), uuid.uuid4(), own_text()
    with User(app, stack.token(alice.name)) as page, User(app, stack.token("mallory")) as other:
        page.make(deck_id, text=text)
        page.make(deck_id, text=text)
        [notice] = page.notices()
        assert notice == {"number": 1, "deck_id": str(deck_id), "run": 1, "status": "succeeded", "code": None}
        page.make(deck_id, text=text)
        deck = page.http.get(f"/decks/{deck_id}").json()
        assert deck["generation_id"] == only_generation(alice)
        assert [set(card) for card in deck["cards"]] == [{"front", "back"}] * len(deck["cards"]) != []
        assert page.http.get("/notices?after=1").json() == []
        assert page.http.post(f"/decks/{deck_id}/retry").status_code == 409
        assert other.http.get("/notices").json() == []
        assert other.http.get(f"/decks/{deck_id}").status_code == 404
        assert other.http.post(f"/decks/{deck_id}/retry").status_code == 409
        taken = other.http.post("/decks", json={"id": str(deck_id), "text": own_text()})
        assert taken.status_code == 404
    assert ends(app) == [(1, "succeeded", None)]


def test_killed_between_its_row_and_the_call_it_makes_the_deck_at_the_users_next_request(
    stack: LocalStack, alice: Owner, gate: Gate, start: Callable[[], App]
) -> None:
    app, held = start(), gate.hold(CREATE)
    with User(app, stack.token(alice.name)) as page:
        page.make(uuid.uuid4())
    held.wait()
    app.kill()
    assert app.stored("SELECT generation_id FROM decks") == [(None,)]
    app = start()
    with User(app, stack.token(alice.name)) as page:
        assert [each["status"] for each in page.notices()] == ["succeeded"]
    held.let_go()  # the call of the killed one arrives after all
    only_generation(alice)
    assert ends(app) == [(1, "succeeded", None)]


@pytest.mark.parametrize("days_later", [0, 2])
def test_killed_before_the_answer_of_its_call_it_finds_the_generation(
    stack: LocalStack, alice: Owner, gate: Gate, start: Callable[[], App], days_later: int
) -> None:
    app, held = start(), gate.hold(CREATE, once_done=True)
    with User(app, stack.token(alice.name)) as page:
        page.make(uuid.uuid4())
    held.wait()
    app.kill()
    held.go_on.set()
    generation_id = only_generation(alice)
    app.age(days_later * 86400)
    repeated = gate.hold(CREATE, once_done=True)
    repeated.go_on.set()
    app = start()
    with User(app, stack.token(alice.name)) as page:
        page.notices()
    assert repeated.arrived.is_set() == (days_later == 0), "a key that may be forgotten is not sent again"
    assert only_generation(alice) == generation_id
    assert app.stored("SELECT generation_id FROM decks") == [(generation_id,)]
    assert ends(app) == [(1, "succeeded", None)]


def test_killed_between_the_end_and_its_notice_it_writes_one_notice(
    stack: LocalStack, alice: Owner, gate: Gate, start: Callable[[], App]
) -> None:
    app, held = start(), gate.hold(LOOK)
    with User(app, stack.token(alice.name)) as page:
        page.make(uuid.uuid4())
    held.wait()
    alice.wait_for_end(only_generation(alice))
    app.kill()
    assert ends(app) == []
    app = start()
    with User(app, stack.token(alice.name)) as page:
        page.notices()
    app.kill()
    app = start()
    with User(app, stack.token(alice.name)) as page:
        assert len(page.notices()) == 1
    only_generation(alice)
    assert ends(app) == [(1, "succeeded", None)]


def test_a_failure_is_a_notice_with_its_code_and_the_users_retry_works(
    stack: LocalStack, alice: Owner, gate: Gate, start: Callable[[], App]
) -> None:
    app, deck_id = start(), uuid.uuid4()
    with User(app, stack.token(alice.name)) as page:
        with faults.environment(stack, "process", MAX_RELEASES="1"):
            page.make(deck_id, "local/flaky:2")
            [failed] = page.notices()
        assert (failed["status"], failed["code"]) == ("failed", "provider_unavailable")
        held = gate.hold(RETRY, once_done=True)
        assert page.http.post(f"/decks/{deck_id}/retry").status_code == 202
        held.wait()
        app.kill()
        held.go_on.set()
    app = start()
    with User(app, stack.token(alice.name)) as page:
        [succeeded] = page.notices(after=failed["number"])
        assert (succeeded["run"], succeeded["status"]) == (2, "succeeded")
        assert page.http.get(f"/decks/{deck_id}").json()["cards"]
    made = alice.http.get("/v1/generations").json()["generations"]
    assert len(made) == 2
    alice.generations += [each["generation_id"] for each in made]
    assert ends(app) == [(1, "failed", "provider_unavailable"), (2, "succeeded", None)]


def test_a_refusal_is_a_notice_with_its_code(stack: LocalStack, alice: Owner, start: Callable[[], App]) -> None:
    app = start()
    with User(app, stack.token(alice.name)) as page:
        page.make(uuid.uuid4(), text="Too short.")
        assert [(each["status"], each["code"]) for each in page.notices()] == [("failed", "validation_failed")]
    assert alice.http.get("/v1/generations").json()["generations"] == []


def test_a_token_that_expires_meanwhile_is_replaced_by_that_of_the_users_next_request(
    stack: LocalStack, alice: Owner, gate: Gate, start: Callable[[], App]
) -> None:
    app, held, short = start(), gate.hold(LOOK), stack.token(alice.name, ttl_seconds=6)
    with User(app, short) as page:
        page.make(uuid.uuid4())
        held.wait()
        eventually(lambda: page.http.get("/notices").status_code, lambda status: status == 401)
    held.let_go()
    with User(app, stack.token(alice.name)) as page:
        assert [each["status"] for each in page.notices()] == ["succeeded"]
    only_generation(alice)


def test_a_wrong_token_is_401_and_stores_nothing(stack: LocalStack, alice: Owner, start: Callable[[], App]) -> None:
    app, good = start(), stack.token(alice.name)
    another_signature = good[: good.rindex(".") + 1] + stack.token("mallory").rpartition(".")[2]
    wrong = ["x", another_signature, stack.token(audience="another"), stack.token(ttl_seconds=-5)]
    calls = [("POST", "/decks"), ("GET", "/notices"), ("POST", f"/decks/{uuid.uuid4()}/retry")]
    for headers in ({}, *({"authorization": f"Bearer {token}"} for token in wrong)):
        for method, path in calls:
            answer = httpx.request(
                method, app.url + path, headers=headers, json={"text": own_text()} if method == "POST" else None
            )
            assert answer.status_code == 401, (method, path, headers)
    assert app.stored("SELECT * FROM decks") == []


def test_no_token_is_on_the_disk_or_in_the_log(stack: LocalStack, alice: Owner, start: Callable[[], App]) -> None:
    app, token = start(), stack.token(alice.name)
    with User(app, token) as page:
        page.make(uuid.uuid4())
        page.notices()
    only_generation(alice)
    assert token.encode() not in app.rows.read_bytes()
    assert token not in app.said


def test_its_types_hold_with_those_of_fastapi() -> None:
    python = str(UVICORN.with_name("python"))
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "mypy", "--python-executable", python, "-p", "decks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
