"""What every part of the store stands on. Reads and writes nothing by itself."""

from typing import NamedTuple

from shared.domain.clock import Clock
from shared.domain.settings import Settings
from shared.store.objects import NO_OBJECTS, Objects
from shared.store.table import Table


class Ground(NamedTuple):
    """The table and the bucket, the time, and the deployment's own numbers."""

    table: Table
    clock: Clock
    settings: Settings
    objects: Objects = NO_OBJECTS
