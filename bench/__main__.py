"""All benches, one after the other: `make bench`, or `python -m bench [NAME ...]`. Ends with 1 when one failed."""

import argparse
import json
import subprocess
import sys
import time

from bench.report import PROJECT, RESULTS

BENCHES = {
    "cold_start": "each function's first answer, beside the least and the usual that does its work",
    "warm": "what a poll and a create cost after the first",
    "recovery": "how long a job takes whose worker was killed, beside task queues",
    "bill": "what a million generations cost on AWS, beside other ways of running them",
    "live": "how soon an open page sees a change, by push and by polling",
    "scale": "the sweeper over a million generations, and 100,000 creates a minute under AWS's quotas",
    "throughput": "creates, polls and whole generations a second on the local stack, and what is full then",
}
"""The module of each bench, and its subject."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    names = parser.parse_args().names or list(BENCHES)
    if unknown := set(names) - BENCHES.keys():
        parser.error(f"no bench is named {', '.join(sorted(unknown))}: there are {', '.join(BENCHES)}")
    broken, began = [], time.monotonic()
    for name in names:
        at = time.monotonic()
        print(f"\n== {name}: {BENCHES[name]}", flush=True)
        ended = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=PROJECT, check=False)
        if ended.returncode != 0:
            broken.append(name)
        print(f"== {name}: {time.monotonic() - at:.0f} s", flush=True)
    _sum_up([name for name in names if name not in broken])
    print(f"\n{len(names)} benches in {time.monotonic() - began:.0f} s")
    print("".join(f"\n{name} could not measure: its message is above" for name in broken))
    return 1 if broken else 0


def _sum_up(names: list[str]) -> None:
    print("\nGoals")
    for name in names:
        for goal in json.loads((RESULTS / f"{name}.json").read_text())["goals"]:
            print(f"  {'reached' if goal['reached'] else 'MISSED '}  {name:11} {goal['aim']}: {goal['figure']}")


if __name__ == "__main__":
    sys.exit(main())
