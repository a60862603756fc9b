"""`oms demo`: a broker's day on one machine, from made-up files to the books' proof."""

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "demo", "play a made-up broker's day with all processes", run)
    command.add_argument("--accounts", type=int, default=10_000, metavar="N", help="of the made-up broker")
    command.add_argument("--orders", type=int, default=200_000, metavar="N", help="order requests of the day")
    command.add_argument("--instruments", type=int, default=200, metavar="N", help="over both exchanges")
    command.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed makes the same day")
    command.add_argument("--dir", type=Path, metavar="DIR", help="where its files are kept (default: a new directory)")
    command.add_argument(
        "--durability", choices=("batch", "interval", "none"), default="batch", help="of the journal (default: batch)"
    )


def run(args: Namespace) -> int:
    from oms.demo.day import play
    from oms.demo.prove import prove
    from oms.demo.store import prepare_store
    from oms.demo.summary import text

    directory = args.dir or Path(tempfile.mkdtemp(prefix="oms-demo-"))

    def tell(line: str) -> None:
        if not args.json:
            print(f"\r\033[K{line}" if sys.stdout.isatty() else line, flush=True)

    def progress(done: int) -> None:
        if not args.json and sys.stdout.isatty():
            print(f"\r{done:,} of {args.orders:,} requests", end="", flush=True)

    prepared = prepare_store(
        directory,
        accounts=args.accounts,
        orders=args.orders,
        instruments=args.instruments,
        seed=args.seed,
        durability=args.durability,
        tell=tell,
    )
    outcome = play(prepared, tell, progress)
    tell("stopped; replaying and verifying the journal")
    prove(outcome, prepared.config)
    if args.json:
        print(json.dumps(outcome.as_dict(), indent=2))
    else:
        print(f"\n{text(outcome)}\n\nIts files are in {directory}. Try next:\n{suggestions(directory)}")
    return 0 if outcome.ok else 1


def suggestions(directory: Path) -> str:
    return "\n".join(
        f"  .venv/bin/oms {line}"
        for line in (
            f"cash {directory} --limit 5",
            f"orders {directory} --limit 5",
            f"verify {directory}",
            f"serve --config {directory}/oms.toml",
        )
    )
