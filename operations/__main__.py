"""`python -m operations`."""

import sys

from operations.command import main

if __name__ == "__main__":
    sys.exit(main())
