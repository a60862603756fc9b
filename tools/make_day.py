"""Writes a made-up broker's day: configuration, start-of-day files, market data, requests. Same seed, same day.

tools/make_day.py --dir DIR [--accounts N] [--orders N] [--instruments N] [--seed N]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from oms.errors import OmsError
from oms.start_of_day.make_day import make_day


def progress(name: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{name}: {100 * done // total} %\033[K", end="", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dir", type=Path, required=True, help="where to write; made if it is not there")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--orders", type=int, default=200_000, help="order requests")
    parser.add_argument("--instruments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sizes = {name: getattr(args, name) for name in ("accounts", "orders", "instruments", "seed")}
    try:
        day = make_day(args.dir, progress=progress, **sizes)
    except OmsError as error:
        print(error, file=sys.stderr)
        return 1
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(f"{day.directory}: {day.accounts} accounts, {day.instruments} instruments, {day.requests} requests")
    print(f"business date {day.business_date}; load take_on/ as of {day.take_on_as_of}, then sod/ as of {day.as_of}")
    print(f"kept closed by the start of day: {', '.join(day.unreconciled)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
