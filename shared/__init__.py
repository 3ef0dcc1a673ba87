"""What the functions share. Importing it has Python look for garbage less often."""

import gc

# Python collects after each 2,000 new objects (Python 3.13, gc.set_threshold). A cold start makes some 60,000, none of
# them garbage, and looking through them over and over is some 4 to 7 % of it: docs/performance.md. What lies about
# between two collections is some megabytes at most.
gc.set_threshold(100_000)
