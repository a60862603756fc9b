"""`oms limit show|set`: limits of a running OMS, and what counts against them.

Exit status: 0 done, 1 refused, or another error.
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store

if TYPE_CHECKING:
    from oms.commands import Subparsers
    from oms.pictures import Limit

SCOPES = ("firm", "account", "instrument", "user")
NAMES = ("order_value", "order_qty", "open_value", "gross_value", "net_value", "order_rate")


def add(subparsers: "Subparsers") -> None:
    parser = subparsers.add_parser(
        "limit",
        help="limit the firm, an account, an instrument or a user",
        description="A request over a limit is refused; cancels, and what lowers a figure, pass.",
    )
    parser.set_defaults(run=lambda args: _usage(parser))
    actions = parser.add_subparsers(metavar="action")
    show = add_command(actions, "show", "every limit, and what counts against it by currency", _show)
    add_store(show, tables=True)
    change = add_command(actions, "set", "set one; 0 takes it away", _set)
    change.add_argument("limit", choices=NAMES)
    change.add_argument("value", metavar="VALUE", help="in each currency by itself; of order_rate, requests a second")
    change.add_argument("scope", choices=SCOPES)
    change.add_argument("name", nargs="?", default="", metavar="NAME", help="its code; none for the firm")
    change.add_argument("--as", dest="endpoint", default="", metavar="ENDPOINT", help="the operator's endpoint")
    change.add_argument(
        "--config", type=Path, default=Path("oms.toml"), metavar="FILE", help="settings (default: oms.toml)"
    )


def _usage(parser: ArgumentParser) -> int:
    parser.print_help()
    return 2


def describe(limit: "Limit") -> list[dict[str, str]]:
    """One scope in words: a row for each currency in which something counts, or one without."""
    head = {"scope": limit.scope, "name": limit.name}
    head["limits"] = " ".join(f"{name}={value}" for name, value in limit.limits.items()) or "none"
    rows = [
        head | dict(zip(("currency", "open", "bought", "sold"), (currency, *map(str, figures)), strict=True))
        for currency, figures in limit.counted.items()
        if any(figures)
    ]
    return rows or [head | {"currency": "", "open": "0", "bought": "0", "sold": "0"}]


def _show(args: Namespace) -> int:
    from oms.limits import limits
    from oms.look import Source, columns

    rows = [row for limit in limits(Source(args).views) for row in describe(limit)]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        print(columns(rows, list(rows[0])) if rows else "nothing is limited")
    return 0


def _set(args: Namespace) -> int:
    from oms.config import load
    from oms.control import slot_of
    from oms.enums import ControlScope, LimitName, Status
    from oms.errors import OmsError
    from oms.limits import units_of
    from oms.operator_client import Operator

    if (args.scope == "firm") != (args.name == ""):
        raise OmsError(f"{args.scope} {args.name or 'without a name'}", remedy="the firm has no name, all else has one")
    with Operator(load(args.config), args.endpoint) as operator:
        answer = operator.ask(
            "SetLimit",
            scope=int(ControlScope[args.scope]),
            number=slot_of(operator.views, args.scope, args.name),
            name=int(LimitName[args.limit]),
            value=units_of(args.limit, args.value),
        )
    status = Status(answer["status"])
    if args.json:
        told = {name: getattr(args, name) for name in ("scope", "name", "limit", "value")}
        print(json.dumps(told | {"status": status.name}))
    else:
        done = f"{args.limit} {args.value}" if status == Status.ok else status.name
        print(f"{args.scope}{args.name and ' '}{args.name}: {done}")
    return 0 if status == Status.ok else 1
