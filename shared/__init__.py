"""Code that all functions share. Importing it makes Python collect garbage less often."""

import gc

# Python collects after each 2,000 new objects (Python 3.13, gc.set_threshold). A cold start makes some 60,000 objects,
# none of them garbage. Scanning them takes 4 to 7 % of the start: docs/performance.md.
# The threshold counts objects, not bytes, so no call of a worker may leave a reference cycle. With a cycle, 14 failed
# answers of 0.9 MB took a worker from 42 to 92 MB; without, to 53 MB.
# tests/integration/test_provider_leaves_no_cycle.py and test_worker_leaves_no_cycle.py hold this.
gc.set_threshold(100_000)
