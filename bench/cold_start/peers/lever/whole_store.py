"""Our sweep with the parts of the store imported that it does not use."""

import shared.store.whole
from functions.sweeper.handler import handler

__all__ = ["handler", "shared"]
