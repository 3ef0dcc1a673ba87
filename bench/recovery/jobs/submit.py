"""`python -m bench.recovery.jobs.submit MODULE JOB...`: put jobs into a peer's queue, with the peer's package."""

import importlib
import sys

if __name__ == "__main__":
    importlib.import_module(f"bench.recovery.jobs.{sys.argv[1]}").submit(sys.argv[2:])
