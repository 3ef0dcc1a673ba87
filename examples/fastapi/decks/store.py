"""The app's own rows, in SQLite: decks, and one notice for each end. Knows neither Unstuck nor HTTP.

Each method is one transaction. So a process that is killed at any point leaves each change whole, or not made.
"""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS decks (
    id TEXT PRIMARY KEY,             -- also the Idempotency-Key of the create
    user TEXT NOT NULL,
    request TEXT NOT NULL,           -- JSON, so that each repeat of the create sends the same
    created_at REAL NOT NULL,
    run INTEGER NOT NULL DEFAULT 1,  -- each retry by the user is another run
    generation_id TEXT,              -- of this run; NULL until Unstuck has answered
    retry_of TEXT,                   -- the generation that this run retries
    cards TEXT                       -- JSON
);
CREATE INDEX IF NOT EXISTS decks_of_user ON decks (user);
CREATE TABLE IF NOT EXISTS notices (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    deck_id TEXT NOT NULL REFERENCES decks,
    run INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT,                       -- why it failed
    UNIQUE (deck_id, run)            -- each end has one notice, however often it is seen
);
CREATE VIEW IF NOT EXISTS decks_now AS
    SELECT decks.*, status, code FROM decks LEFT JOIN notices ON deck_id = id AND notices.run = decks.run;
"""


@dataclass(frozen=True)
class Deck:
    """A deck and its newest run, which is open while it has no `status`."""

    id: str
    user: str
    request: dict[str, Any]
    created_at: float
    run: int
    generation_id: str | None
    retry_of: str | None
    cards: list[dict[str, Any]] | None
    status: str | None
    code: str | None


@dataclass(frozen=True)
class Notice:
    """The end of one run of a deck."""

    number: int
    deck_id: str
    run: int
    status: str
    code: str | None


class Store:
    """The rows in one file. A change is on the disk when its method returns."""

    def __init__(self, path: str) -> None:
        self._rows = sqlite3.connect(path)
        self._rows.row_factory = sqlite3.Row
        self._rows.executescript(SCHEMA)

    def add(self, deck_id: str, user: str, request: Mapping[str, Any]) -> None:
        """Store a deck, if there is none with this id."""
        with self._rows as rows:
            row = (deck_id, user, json.dumps(request), time.time())
            rows.execute("INSERT OR IGNORE INTO decks (id, user, request, created_at) VALUES (?, ?, ?, ?)", row)

    def deck(self, deck_id: str, user: str) -> Deck | None:
        """Return a deck of this user."""
        found = self._rows.execute("SELECT * FROM decks_now WHERE id = ? AND user = ?", (deck_id, user)).fetchone()
        return None if found is None else _deck(found)

    def open(self, user: str) -> list[Deck]:
        """Return the user's decks whose newest run has no notice yet."""
        found = self._rows.execute("SELECT * FROM decks_now WHERE user = ? AND status IS NULL", (user,))
        return [_deck(row) for row in found]

    def started(self, deck: Deck, generation_id: str) -> None:
        """Store the generation of a deck's run."""
        with self._rows as rows:
            row = (generation_id, deck.id, deck.run)
            rows.execute("UPDATE decks SET generation_id = ? WHERE id = ? AND run = ?", row)

    def ended(self, deck: Deck, status: str, code: str | None, cards: Sequence[Mapping[str, Any]] = ()) -> None:
        """Store the end of a run with its notice. Only the first call for a run changes anything."""
        with self._rows as rows:
            row = (deck.id, deck.run, status, code)
            added = rows.execute("INSERT OR IGNORE INTO notices (deck_id, run, status, code) VALUES (?, ?, ?, ?)", row)
            if added.rowcount and cards:
                rows.execute("UPDATE decks SET cards = ? WHERE id = ?", (json.dumps(cards), deck.id))

    def run_again(self, deck_id: str, user: str) -> bool:
        """Begin another run, if the newest one ended without success. Return whether it did."""
        with self._rows as rows:
            begun = rows.execute(
                """UPDATE decks SET run = run + 1, retry_of = COALESCE(generation_id, retry_of), generation_id = NULL
                   WHERE id IN (SELECT id FROM decks_now WHERE id = ? AND user = ? AND status <> 'succeeded')""",
                (deck_id, user),
            )
            return begun.rowcount == 1

    def notices(self, user: str, after: int) -> list[Notice]:
        """Return the user's notices with a number above this one, in their order."""
        found = self._rows.execute(
            """SELECT notices.* FROM notices JOIN decks ON id = deck_id
               WHERE user = ? AND number > ? ORDER BY number""",
            (user, after),
        )
        return [Notice(**row) for row in found]


def _deck(row: sqlite3.Row) -> Deck:
    cards = None if row["cards"] is None else json.loads(row["cards"])
    return Deck(**{**row, "request": json.loads(row["request"]), "cards": cards})
