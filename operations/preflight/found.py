"""What preflight says: one finding, how grave it is, and both forms of the report. Looks at nothing itself."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """With a fault the deploy fails, or does not work once it is there. A notice is worth knowing, and no more."""

    FAULT = "fault"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to know before a deploy: what is so, and what to do. No secret is in it."""

    code: str
    says: str
    do: str
    level: Level = Level.FAULT


def as_text(about: str, found: Iterable[Found]) -> str:
    """Return the report for a person: where it looked, then what it found, faults first."""
    listed = sorted(found, key=lambda each: each.level is not Level.FAULT)
    lines = [about, ""]
    for each in listed:
        lines += [f"{each.level}  {each.code}", f"  {each.says}", f"  {each.do}", ""]
    faults = sum(each.level is Level.FAULT for each in listed)
    if not faults:
        return "\n".join([*lines, "No fault found. Deploy, then go through docs/first-deploy.md."])
    return "\n".join([*lines, f"{faults} to fix before the deploy."])


def as_json(about: dict[str, str], found: Iterable[Found]) -> dict[str, Any]:
    return {**about, "findings": [asdict(each) for each in found]}
