"""Reports as plain columns and as JSON. Never contains users' texts; ids only on request."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, TypedDict

from operations import redrive, retry, search
from operations.doctor import Report
from operations.findings import Finding, Severity, shown_key
from shared.domain.pseudonym import pseudonym

_SHOWN = 10


class Told(TypedDict):
    """How reports show owners: by their ids, or by their pseudonyms under the deployment's key."""

    show_owners: bool
    owner_key: str


def named(owner: str, *, show_owners: bool, owner_key: str = "") -> str:
    """Return the owner's id if it may be shown, otherwise the pseudonym."""
    return owner if show_owners else pseudonym(owner, owner_key)


def found_text(found: search.Found, *, show_owners: bool, owner_key: str = "") -> str:
    """Return the generation that a search found, one fact per line; or how far it searched."""
    if found.key is None:
        looked = "in all inputs" if found.complete else f"in the first {found.pages:,} pages; --pages reads more"
        return f"No generation of this request {looked}."
    facts = found_json(found, show_owners=show_owners, owner_key=owner_key)["generation"]
    return "\n".join(f"{name:<16}  {fact}" for name, fact in facts.items())


def found_json(found: search.Found, *, show_owners: bool, owner_key: str = "") -> dict[str, Any]:
    if found.key is None:
        return {"complete": found.complete, "pages": found.pages, "generation": None}
    facts: dict[str, Any] = {
        "generation_id": found.key.generation_id,
        "owner": named(found.key.owner, show_owners=show_owners, owner_key=owner_key),
        "model": found.model,
    }
    if (head := found.head) is None:
        facts["status"] = "expired; only its input remains"
    else:
        facts |= {
            "kind": head.kind,
            "status": str(head.status),
            "code": head.error.code if head.error else head.because,
        }
        facts |= {
            "created_at": head.created_at.isoformat(),
            "finished_at": head.finished_at and head.finished_at.isoformat(),
        }
        facts |= {"attempts": head.attempt, "cost_usd": float(head.usage.cost_usd), **head.call.known()}
        facts |= {"retry_of": head.retry_of, "retried_as": head.retried_as}
    known = {name: fact for name, fact in facts.items() if fact is not None}
    return {"complete": found.complete, "pages": found.pages, "generation": known}


def doctor_text(report: Report, *, show_owners: bool, owner_key: str = "") -> str:
    """Return the report for people: what was checked, then each broken rule, faults first."""
    lines = [_looked_at(report)]
    by_rule = defaultdict[str, list[Finding]](list)
    for finding in [*report.of(Severity.FAULT), *report.of(Severity.NOTICE)]:
        by_rule[finding.rule.code].append(finding)
    for code, found in by_rule.items():
        rule = found[0].rule
        lines += ["", f"{rule.severity:<7} {code}  ({len(found)})  {rule.means}"]
        for finding in found[:_SHOWN]:
            where = f"{shown_key(finding.item)}  {named(finding.owner, show_owners=show_owners, owner_key=owner_key)}"
            lines.append(
                "        "
                + "  ".join(part for part in (where.strip() if finding.owner else "", finding.detail) if part)
            )
        if len(found) > _SHOWN:
            lines.append(f"        and {len(found) - _SHOWN} more, which --json lists")
        lines.append(f"        {rule.do}")
    lines += ["", _sum(report)]
    return "\n".join(lines)


def _looked_at(report: Report) -> str:
    states = ", ".join(f"{count:,} {status}" for status, count in sorted(report.generations.items()))
    letters = "" if report.dead_letters is None else f", {report.dead_letters:,} dead letters"
    owners = "1 owner" if report.owners == 1 else f"{report.owners:,} owners"
    return (
        f"{report.items:,} items of {owners}, {report.generations.total():,} generations"
        f"{f' ({states})' if states else ''}, {report.indexed:,} in the due index{letters}, "
        f"checked in {report.seconds:.1f} s"
    )


def _sum(report: Report) -> str:
    faults, notices = len(report.of(Severity.FAULT)), len(report.of(Severity.NOTICE))
    found = f"{faults} faults, {notices} notices." if report.findings else "Nothing found."
    return found if report.complete else f"{found} The limit ended the check; the rest was not checked."


def doctor_json(report: Report, *, show_owners: bool, owner_key: str = "") -> dict[str, Any]:
    return {
        "complete": report.complete,
        "items": report.items,
        "owners": report.owners,
        "generations": dict(report.generations),
        "indexed": report.indexed,
        "dead_letters": report.dead_letters,
        "seconds": round(report.seconds, 3),
        "findings": [
            {
                "code": finding.rule.code,
                "severity": str(finding.rule.severity),
                "means": finding.rule.means,
                "do": finding.rule.do,
                "owner": named(finding.owner, show_owners=show_owners, owner_key=owner_key) or None,
                "item": shown_key(finding.item) if finding.item else None,
                "detail": finding.detail or None,
            }
            for finding in report.findings
        ],
    }


def letter_line(letter: redrive.Letter) -> str:
    return f"{letter.outcome:<8}{letter.generation_id or letter.message_id:<38}{letter.reason}"


def letters_json(letters: Iterable[redrive.Letter]) -> list[dict[str, Any]]:
    return [
        {
            "message_id": letter.message_id,
            "generation_id": letter.generation_id or None,
            "outcome": str(letter.outcome),
            "reason": letter.reason,
        }
        for letter in letters
    ]


def retry_line(line: retry.Line, *, show_owners: bool, owner_key: str = "") -> str:
    owner = named(line.key.owner, show_owners=show_owners, owner_key=owner_key)
    told = f"as {line.successor_id}  {line.reason}" if line.successor_id else line.reason
    return f"{line.outcome:<9}{line.key.generation_id}  {line.kind:<12}{owner}  {told}".rstrip()


def retries_json(lines: Iterable[retry.Line], *, show_owners: bool, owner_key: str = "") -> list[dict[str, Any]]:
    return [
        {
            "generation_id": line.key.generation_id,
            "kind": line.kind,
            "owner": named(line.key.owner, show_owners=show_owners, owner_key=owner_key),
            "outcome": str(line.outcome),
            "reason": line.reason or None,
            "successor_id": line.successor_id or None,
        }
        for line in lines
    ]


def totals(outcomes: Iterable[str], *, acted: bool) -> str:
    """Return the last line: the count of each outcome, and whether it was a dry run."""
    counts = Counter(outcomes)
    if not counts:
        return "Nothing to do."
    verb = "" if acted else "would be "
    told = ", ".join(f"{count:,} {verb}{outcome}" for outcome, count in sorted(counts.items()))
    return f"{told}." if acted else f"This was a dry run: {told}. Pass --yes to make the changes."
