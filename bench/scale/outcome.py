"""Runs a plan over several seeds and reports the results in comparable figures."""

from bench.scale import quotas
from bench.scale.fleet import Fleet, Tally
from bench.scale.plan import Measured, Plan

Figures = dict[str, float]


def outcome(plan: Plan, measured: Measured, seed: int) -> Figures:
    """Run once. Raises RuntimeError if the ended generations are not the accepted ones, each once."""
    fleet = Fleet(plan, measured, seed)
    tally = fleet.run()
    if not tally.offered == tally.accepted == sum(tally.ends.values()):
        raise RuntimeError(f"{tally.offered} came, {tally.accepted} were accepted and {tally.ends} ended")
    return _of_owners(tally) | _of_rescues(tally) | _of_services(fleet, tally)


def _of_owners(tally: Tally) -> Figures:
    return {
        "accepted": tally.accepted,
        "put off": tally.put_off,
        "failed %": 100 * tally.ends["deadline_exceeded"] / tally.accepted,
        "wait median s": _at(tally.waits, 0.5),
        "wait 95 % s": _at(tally.waits, 0.95),
        "wait longest s": _at(tally.waits, 1.0),
        "messages a generation": 1 + tally.doubles / tally.accepted,
    }


def _of_rescues(tally: Tally) -> Figures:
    return {
        "lost": tally.lost,
        "rescued": len(tally.rescued_after),
        "rescued median s": _at(tally.rescued_after, 0.5),
        "rescued last s": _at(tally.rescued_after, 1.0),
        "taken over last s": _at(tally.recovered_after, 1.0),
        "most due": max(due for due, _seconds in tally.sweeps),
        "longest sweep s": max(seconds for _due, seconds in tally.sweeps),
        "last end after its deadline s": tally.late_seconds,
    }


def _of_services(fleet: Fleet, tally: Tally) -> Figures:
    """The greatest use of each, and of how much there is, in percent."""
    plan, database, main = fleet.plan, fleet.database, fleet.main
    written = sum(database.writes.given.values())
    return {
        "batch": main.taken / main.invocations,
        "invocations": main.most_running,
        "write units a generation": written / tally.accepted,
        "api %": 100 * tally.api_asked / plan.api_rate,
        "account %": 100 * tally.concurrency / plan.account,
        "source %": 100 * main.most_running / main.most,
        "source full s": main.full_seconds,
        "alone full s": fleet.isolated.full_seconds,
        "in flight %": 100 * tally.in_flight / quotas.IN_FLIGHT.value,
        "writes %": 100 * database.writes.peak() / plan.warm_writes,
        "reads %": 100 * database.reads.peak() / plan.warm_reads,
        "index %": 100 * max(part.peak() for part in database.index) / quotas.PARTITION_WRITES.value,
        "sweeper %": 100 * max(seconds for _due, seconds in tally.sweeps) / fleet.measured.sweep_seconds,
    }


def _at(samples: list[float], share: float) -> float:
    found = sorted(samples)
    return found[round(share * (len(found) - 1))] if found else 0.0
