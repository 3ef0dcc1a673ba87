"""Checks a live table for inconsistencies: reads all of it, and reads again whatever seems wrong. Writes nothing."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from operations import findings as rules
from operations.checks import AHEAD, Expected, duration, heads, others
from operations.findings import Finding, Severity
from operations.partition import Partition
from operations.reading import Reader
from operations.relations import between
from shared.domain.clock import Clock
from shared.domain.generation import GenerationKey
from shared.domain.states import OPEN
from shared.store.damage import DAMAGED
from shared.store.keys import DUE_SHARDS
from shared.store.sweeps import NO_OWNER
from shared.store.whole import Store

_LOOKS = 6
_SETTLE_SECONDS = 3.0  # an index follows its table within fractions of a second


@dataclass(slots=True)
class Report:
    """The number of checked items, and the findings. `complete` is False if a limit ended the check."""

    findings: list[Finding] = field(default_factory=list)
    items: int = 0
    owners: int = 0
    generations: Counter[str] = field(default_factory=Counter)
    indexed: int = 0
    dead_letters: int | None = None
    complete: bool = True
    seconds: float = 0.0

    def of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.rule.severity is severity]


@dataclass(slots=True)
class Doctor:
    """One check of a deployment. `dead_letters` returns the number of dead letters; None skips it."""

    reader: Reader
    store: Store
    clock: Clock
    expected: Expected
    dead_letters: Callable[[], int] | None = None
    sleep: Callable[[float], None] = time.sleep
    has_object: Callable[[str], bool] | None = None
    """Whether an object is in the bucket; None skips it."""
    _report: Report = field(default_factory=Report, init=False)
    _oldest: datetime | None = field(default=None, init=False)

    def look(self, limit: int | None = None) -> Report:
        """Return the findings. Reads an owner's items again before it reports a fault in them.

        Raises the errors of the table and the queue; then nothing is known.
        """
        began = self.clock.monotonic()
        self._owners(limit)
        self._index()
        self._sweeper()
        if self.dead_letters is not None:
            self._report.dead_letters = self.dead_letters()
            if self._report.dead_letters:
                self._report.findings.append(
                    Finding(rules.DEAD_LETTERS, detail=f"{self._report.dead_letters} messages")
                )
        self._report.seconds = self.clock.monotonic() - began
        return self._report

    def _owners(self, limit: int | None) -> None:
        # If an owner's items come in more than one piece, no single piece is conclusive, so all are read at once.
        seen = set[bytes]()
        for owner, found in groupby(self.reader.scan(limit), key=lambda item: str(item["pk"]["S"])):
            partition = Partition.of(owner, found)
            self._count(partition)
            mark = hashlib.blake2b(owner.encode(), digest_size=8).digest()
            if mark in seen or self._judge(partition):
                self._report.findings += self._look_again(owner)
            self._report.owners += mark not in seen and owner != NO_OWNER
            seen.add(mark)
        self._report.complete = limit is None or self._report.items < limit
        self._report.findings = list({finding.place: finding for finding in self._report.findings}.values())

    def _count(self, partition: Partition) -> None:
        self._report.items += partition.size
        self._report.generations.update(str(head.status) for head in partition.heads.values())
        for head in partition.heads.values():
            self._oldest = min(self._oldest or head.created_at, head.created_at)

    def _judge(self, partition: Partition) -> list[Finding]:
        now = self.clock.now()
        found = [*heads(partition, self.expected, now), *others(partition, now), *self._objects(partition, now)]
        until = partition.erasing_until
        whole = partition.whole and (until is None or until > now + AHEAD)  # no erasure takes until then
        return found + (list(between(partition, self.expected, now)) if whole else [])

    def _objects(self, partition: Partition, now: datetime) -> Iterator[Finding]:
        if self.has_object is None:
            return
        place = self.store.ground.objects.key_of_picture
        for sort_key in partition.objects | partition.pictures:
            of, names = partition.pictures.get(sort_key, ("", []))
            drawn = [place(GenerationKey(partition.owner, of), name) for name in names]
            keys = [*partition.objects.get(sort_key, []), *drawn]
            lapses = partition.lapses.get(sort_key)
            gone = [key for key in keys if not self.has_object(key)] if lapses is None or lapses > now else []
            if gone:
                yield Finding(rules.OBJECT_GONE, partition.owner, sort_key, f"{len(gone)} of {len(keys)} objects")

    def _look_again(self, owner: str) -> list[Finding]:
        """Judge the owner's items at one moment: two equal reads in a row prove that moment.

        Every write of several items is one transaction, so inconsistent items at one moment are a fault. If the items
        change with each read, the report has the faults of every read, and says that there may be more.
        """
        before, always = self._read(owner), dict[tuple[str, str, str], Finding]()
        for number in range(_LOOKS):
            partition = self._read(owner)
            found = {finding.place: finding for finding in self._judge(partition)}
            if partition == before:
                return list(found.values())
            always = {place: finding for place, finding in found.items() if not number or place in always}
            before = partition
            self.sleep(0.1 * 2**number)
        return [*always.values(), Finding(rules.MOVING, owner)]

    def _read(self, owner: str) -> Partition:
        return Partition.of(owner, self.reader.owned_by(owner))

    def _index(self) -> None:
        first = {shard: stale for shard in range(DUE_SHARDS) if (stale := self._stale_in(shard))}
        if not first:
            return
        self.sleep(_SETTLE_SECONDS)
        for shard, stale in first.items():
            again = self._stale_in(shard, count=False)
            for place in stale.keys() & again.keys():
                self._report.findings.append(Finding(rules.INDEX_STALE, *place, again[place]))

    def _stale_in(self, shard: int, *, count: bool = True) -> dict[tuple[str, str], str]:
        """Return the ended or missing generations that the index still lists in a shard, and which of the two they
        are."""
        stale = {}
        for entry in self.reader.indexed(str(shard)):
            self._report.indexed += count
            head = self.reader.head({"pk": entry["pk"], "sk": entry["sk"]})
            if head is None:
                stale[entry["pk"]["S"], entry["sk"]["S"]] = "gone"
            elif "due_at" not in head and head.get("status", {}).get("S") not in OPEN:
                stale[entry["pk"]["S"], entry["sk"]["S"]] = "ended"
        return stale

    def _sweeper(self) -> None:
        now = self.clock.now()
        try:
            mark = self.store.sweeps.last_sweep()
            if mark is not None and mark.at > now + AHEAD:
                self._report.findings.append(Finding(rules.FAR_TIME, NO_OWNER, "sweep", f"left at {mark.at:%Y-%m-%d}"))
                return
        except DAMAGED as error:
            self._report.findings.append(Finding(rules.UNREADABLE, NO_OWNER, "sweep", type(error).__name__))
            return
        last = mark.at if mark else self._oldest  # before the first sweep, there may be nothing to sweep
        if last is not None and now > last + self.expected.patience:
            detail = f"for {duration(now - last)}" if mark else "it never has"
            self._report.findings.append(Finding(rules.SWEEPER_SILENT, detail=detail))
