"""The report: a row a contestant, what each documents, and the goals. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.recovery.account import Account
from bench.recovery.peers import Peer
from bench.recovery.plan import JOB_SECONDS, KILLS, PATIENCE_SECONDS, WATCH_SECONDS
from bench.report import Goal, Report, Spread, Table

_COLUMNS = ("", "recovery, s", "recovered", "not ended", "run twice to the end", "paid twice", "paid for nothing")


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant. Unranked is whose worker died another death than the others'."""

    label: str
    account: Account
    documented: str
    source: str
    ours: bool = False
    ranked: bool = True

    @classmethod
    def of(cls, peer: Peer, label: str, account: Account) -> "Row":
        return cls(label, account, peer.documented, peer.source, ranked=not peer.child_only)

    def cells(self) -> tuple[str, ...]:
        account = self.account
        counts = (account.not_ended, account.run_twice, account.paid_twice, account.paid_for_nothing)
        recovered = f"{account.recovered} of {account.jobs}"
        return (self.label, account.text(), recovered, *map(str, counts))


def ours(watched: Account, unwatched: Account) -> list[Row]:
    documented = "lease, 40 s less up to one heartbeat, 10 s"
    by_a_sweep = "when it is due, up to 60 s, then the next sweep"
    return [
        Row("Unstuck, watched", watched, documented, "docs/guarantees.md", ours=True),
        Row("Unstuck, unwatched", unwatched, by_a_sweep, "docs/guarantees.md", ours=True),
    ]


def report_of(rows: Sequence[Row]) -> Report:
    """The watched one of ours comes first."""
    title = f"Recovery: the worker is killed (SIGKILL) in the middle of a job of {JOB_SECONDS:.0f} s"
    return Report("recovery", title, _tables(rows), _figures(rows), _goals(rows))


def _tables(rows: Sequence[Row]) -> list[Table]:
    notes = [
        f"Recovery: from the kill to the job's end, without the {JOB_SECONDS:.0f} s of the job itself; median (range).",
        f"Over {PATIENCE_SECONDS:.0f}: not recovered in that time. bench/RESULTS.md has the documented time.",
        f"Not ended: in the {WATCH_SECONDS:.0f} s that were watched after the last kill.",
        "Paid twice: a second model call was paid, for what the killed worker took with it.",
    ]
    for row in rows:
        if row.account.rescued:
            notes.append(f"{row.label}: back in the queue after {Spread.of(row.account.rescued).text(1)} s.")
        if row.account.seen:
            notes.append(f"{row.label}: seen to end after {Spread.of(row.account.seen).text(1)} s, by the hints alone.")
    kills = Table(
        f"{KILLS} kills each, {min(row.account.jobs for row in rows)} where only a child dies",
        _COLUMNS,
        [row.cells() for row in rows],
        notes,
    )
    documented = [(row.label, row.documented, row.source) for row in rows]
    return [
        kills,
        Table("What the documentation says of a lost worker, at its defaults", ("", "after", "source"), documented),
    ]


def _goals(rows: Sequence[Row]) -> list[Goal]:
    watched, mine = rows[0], [row for row in rows if row.ours]
    peers = [row for row in rows if row.ranked and not row.ours]
    best = min(peers, key=lambda row: row.account.median)
    left = sum(row.account.not_ended for row in mine)
    return [
        Goal(
            "watched, first of all contestants",
            f"{watched.account.text()} s; of the others {best.label} is first: {best.account.text()} s",
            watched.account.median < best.account.median,
        ),
        Goal("every generation ends", f"{left} of {sum(row.account.jobs for row in mine)} did not", left == 0),
    ]


def _figures(rows: Sequence[Row]) -> dict[str, object]:
    return {
        row.label: dict(row.account.figures()) | {"documented": row.documented, "source": row.source} for row in rows
    }
