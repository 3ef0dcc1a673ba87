"""`python -m operations preflight|smoke|doctor|find|redrive|bulk-retry|cost`: the same commands as `unstuck` has."""

from operations.command import main

if __name__ == "__main__":
    raise SystemExit(main())
