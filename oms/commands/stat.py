"""`oms stat [DIR]`: where a running OMS stands: counters, latency percentiles, feeds, how full the tables are."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_store

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    add_store(add_command(subparsers, "stat", "counters, latencies, feeds and table sizes", run), tables=True)


def run(args: Namespace) -> int:
    import json

    from oms.look import Source
    from oms.stat import stat

    found = stat(Source(args))
    print(json.dumps(found, indent=2) if args.json else "\n\n".join(_sections(found)))
    return 0


def _sections(found: dict[str, Any]) -> list[str]:
    """One block of text for each part; lists as tables, and tables only where something is in them."""
    from oms.look import columns

    blocks = []
    for name, part in found.items():
        if isinstance(part, dict):
            width = max(map(len, part), default=0)
            blocks.append("\n".join([name, *(f"  {key:<{width}}  {value}" for key, value in part.items())]))
        elif isinstance(part, list):
            rows = [row for row in part if name != "tables" or row["rows"]]
            blocks.append(columns(rows, list(rows[0])) if rows else f"no {name}")
    return blocks
