"""Preflight's findings with their severity, and both forms of the report. Checks nothing itself."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """With a fault, the deploy fails or does not work. A notice is only worth knowing."""

    FAULT = "fault"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding before a deploy: what is wrong, and what to do. Contains no secrets."""

    code: str
    says: str
    do: str
    level: Level = Level.FAULT


def as_text(about: str, found: Iterable[Found]) -> str:
    """Return the report for people: where it looked, then the findings, faults first."""
    listed = sorted(found, key=lambda each: each.level is not Level.FAULT)
    lines = [about, ""]
    for each in listed:
        lines += [f"{each.level}  {each.code}", f"  {each.says}", f"  {each.do}", ""]
    faults = sum(each.level is Level.FAULT for each in listed)
    if not faults:
        return "\n".join([*lines, "No faults found. Deploy, then follow docs/first-deploy.md."])
    return "\n".join([*lines, f"{faults} to fix before the deploy."])


def as_json(about: dict[str, str], found: Iterable[Found]) -> dict[str, Any]:
    return {**about, "findings": [asdict(each) for each in found]}
