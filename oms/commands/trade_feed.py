"""`oms trade-feed`: follows the executions of a running OMS into a file of JSON lines."""

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command, add_config
from oms.commands.console import until_signalled

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "trade-feed", "write each trade once, in order, as JSON lines", run)
    add_config(command)
    command.add_argument("--tables", type=Path, metavar="DIR", help="the live tables, in place of --config")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="its last whole line is the cursor")
    command.add_argument("--once", action="store_true", help="write what is there, and end")


def run(args: Namespace) -> int:
    from oms.adapters import trade_feed
    from oms.config import load

    stop = until_signalled()
    tables = args.tables or load(args.config).tables
    lines = trade_feed.run(tables, args.out, stop.is_set, once=args.once)
    print(json.dumps({"lines": lines}) if args.json else f"{lines} lines written to {args.out}")
    return 0
