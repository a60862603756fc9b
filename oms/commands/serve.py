"""`oms serve`: the co-located process, alone."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "serve", "run the OMS until it is told to stop", run)
    command.add_argument(
        "--config", type=Path, default=Path("oms.toml"), metavar="FILE", help="settings (default: oms.toml)"
    )


def run(args: Namespace) -> int:
    from oms.server import serve

    return serve(args.config, args.json)
