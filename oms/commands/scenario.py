"""`oms scenario run FILE…`: plays scenario files against the embedded engine.

Exit status: 0 every file is well, 1 an expectation failed or a file cannot be played, 3 nothing failed but something
is not yet there.
"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command, add_group
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    actions = add_group(subparsers, "scenario", "play scenario files", "Play scenario files.")
    run_parser = add_command(actions, "run", "play scenario files and say which expectation failed", run)
    run_parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE", help="a scenario file, or a directory of them"
    )
    run_parser.add_argument(
        "--restart-between", action="store_true", help="a new engine from the journal between every two steps"
    )
    run_parser.add_argument("--twice", action="store_true", help="every report comes again over a second feed")


def run(args: Namespace) -> int:
    import json

    from oms.scenario.report import document, exit_status, summary, text
    from oms.scenario.runner import run_files

    plays = []
    for play in run_files(files(args.paths), restart_between=args.restart_between, twice=args.twice):
        plays.append(play)
        if not args.json:
            print(text(play), flush=True)
    print(json.dumps(document(plays), indent=2) if args.json else summary(plays))
    return exit_status(plays)


def files(paths: list[Path]) -> list[Path]:
    """The files themselves; a directory stands for all *.yaml and *.yml under it."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml")) if path.is_dir() else [path]
        if not inside:
            raise OmsError("the directory holds no scenario", where=str(path), remedy="scenarios are *.yaml files")
        found += inside
    return found
