"""`python -m tests.simulation SEED [--to LAST] [--trace]`: one seed, or a run of seeds, again."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.day import outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, help="the seed, or the first of several")
    parser.add_argument("--to", type=int, help="the last of several seeds")
    parser.add_argument("--first", action="store_true", help="stop at the first seed that fails")
    parser.add_argument("--trace", action="store_true", help="tell everything that happens")
    options = parser.parse_args()
    marks: Counter[str] = Counter()
    failed = 0
    began = time.monotonic()
    for seed in range(options.seed, (options.to or options.seed) + 1):
        _, reached, error = outcome(seed, print if options.trace else None)
        marks.update(reached)
        if error:
            failed += 1
            print(error, flush=True)
            if options.first:
                break
    for name, count in sorted(marks.items()):
        print(f"{count:8} {name}")
    print(f"{failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
