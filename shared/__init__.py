"""What the functions share. Importing it has Python look for garbage less often."""

import gc

# Python collects after each 2,000 new objects (Python 3.13, gc.set_threshold). A cold start makes some 60,000, none of
# them garbage, and looking through them over and over is some 4 to 7 % of it: docs/performance.md.
# It counts objects, not bytes, so no call of a worker may leave a cycle: with one, 14 failed answers of 0.9 MB took a
# worker from 42 to 92 MB, without to 53. tests/integration/test_provider_leaves_no_cycle.py and the worker's hold that.
gc.set_threshold(100_000)
