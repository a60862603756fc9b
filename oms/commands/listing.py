"""`oms accounts|cash|holdings|orders|requests [DIR]`: rows of a live process, or of a store at rest.

`oms at MOMENT accounts|cash|… [DIR]`: the same rows as they were then, from snapshot and journal.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store

if TYPE_CHECKING:
    from oms.commands import Subparsers

SHOWN = 100  # rows of text, unless --limit says otherwise
QUESTIONS = {
    "accounts": ("accounts, with their policies and states", ("account", "status")),
    "cash": ("cash of accounts, by bucket", ("account", "currency")),
    "holdings": ("holdings of accounts, by bucket", ("account", "instrument")),
    "orders": ("orders, the latest first", ("account", "instrument", "status")),
    "requests": ("requests, the latest first", ("account", "status")),
}
FILTERS = {
    "account": ("CODE", "of this account only"),
    "instrument": ("SYMBOL", "in this instrument only (SYMBOL@MIC where several exchanges list it)"),
    "currency": ("CODE", "in this currency only"),
    "status": ("WORD", "with this status only; of orders also open or closed"),
}


def add(subparsers: "Subparsers") -> None:
    for name, (summary, filters) in QUESTIONS.items():
        add_question(subparsers, name, summary, filters, tables=True)


def add_question(
    subparsers: "Subparsers", name: str, summary: str, filters: tuple[str, ...], tables: bool = False
) -> None:
    """tables: it may also be asked of the tables of a live process alone."""
    command = add_command(subparsers, name, summary, run)
    command.set_defaults(listing=name, **dict.fromkeys(FILTERS))
    add_store(command, tables)
    for option in filters:
        metavar, meaning = FILTERS[option]
        command.add_argument(f"--{option}", metavar=metavar, help=meaning)
    command.add_argument(
        "--limit", type=int, metavar="N", help=f"so many rows at most; 0 = all (default {SHOWN}, with --json all)"
    )


def run(args: Namespace) -> int:
    import json

    from oms.listing import LISTINGS, Filters
    from oms.look import Source, columns, plain

    source = Source(args)
    listing = LISTINGS[args.listing]
    limit = (0 if args.json else SHOWN) if args.limit is None else args.limit
    filters = Filters(args.account, args.instrument, args.currency, args.status)
    total, rows = listing.rows(source.views, filters, limit)
    if args.json:
        head = {"sequence": str(source.sequence), "time": source.time, "live": source.live, "total": total}
        print(json.dumps(head | {args.listing: plain(rows)}, indent=2))
        return 0
    if source.when is not None:
        print(f"behind record {source.sequence} of {source.time}")
    print(columns(rows, listing.columns))
    if total > len(rows):
        print(f"… and {total - len(rows)} more (--limit 0 shows all)")
    return 0
