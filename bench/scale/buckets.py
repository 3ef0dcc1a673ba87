"""The amount that a service grants per second, first come, first served; and a record that it never granted more."""

from collections import Counter


class Bucket:
    """`rate` units a second, and a second's worth at once after a pause. Times never go back."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.given: Counter[int] = Counter()
        """Units by whole second."""
        self.most_wait = 0.0
        self._full_at = 0.0
        """When everything promised has been granted."""

    def wait(self, now: float) -> float:
        """Seconds until what is asked for now would be given."""
        return max(0.0, self._full_at - now)

    def take(self, now: float, units: float) -> float:
        """Promise this many units and return in how many seconds they are granted."""
        begin = max(self._full_at, now)
        self._full_at = begin + units / self.rate
        self.most_wait = max(self.most_wait, begin - now)
        self.given[int(begin)] += round(units)
        return begin - now

    def peak(self) -> int:
        """The most units of any second."""
        return max(self.given.values(), default=0)


class Database:
    """The table, whose owners lie evenly over its partitions, and the due index, whose shards do not.

    A write waits for both: an index that cannot follow holds the table's write up.
    """

    def __init__(self, writes: float, reads: float, index_writes: float, partition_writes: float, shards: int) -> None:
        self.writes, self.reads = Bucket(writes), Bucket(reads)
        partitions = [Bucket(partition_writes) for _ in range(max(1, int(index_writes // partition_writes)))]
        self.index = [partitions[shard % len(partitions)] for shard in range(shards)]

    def wait(self, now: float, shard: int) -> float:
        return max(self.writes.wait(now), self.index[shard].wait(now))

    def write(self, now: float, units: float, shard: int = 0, index: float = 0.0) -> float:
        wait = self.writes.take(now, units)
        return max(wait, self.index[shard].take(now, index)) if index else wait
