"""The dependencies of every part of the store. Reads and writes nothing by itself."""

from typing import NamedTuple

from shared.domain.clock import Clock
from shared.domain.settings import Settings
from shared.store.objects import NO_OBJECTS, Objects
from shared.store.table import Table


class Ground(NamedTuple):
    """The table, the bucket, the clock and the deployment's settings."""

    table: Table
    clock: Clock
    settings: Settings
    objects: Objects = NO_OBJECTS
