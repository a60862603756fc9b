"""`oms limit show|set`: limits of a running OMS, and what counts against them.

Exit status: 0 done, 1 refused, or another error.
"""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_group, add_store
from oms.commands.operator import add_operator, add_scope, named, outcome, scope_of, session

if TYPE_CHECKING:
    from oms.commands import Subparsers
    from oms.pictures import Limit

SCOPES = ("firm", "account", "instrument", "user")
NAMES = ("order_value", "order_qty", "open_value", "gross_value", "net_value", "order_rate")


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "limit",
        "limit the firm, an account, an instrument or a user",
        "A request over a limit is refused; cancels, and what lowers a figure, pass.",
    )
    show = add_command(actions, "show", "every limit, and what counts against it by currency", _show)
    add_store(show, tables=True)
    change = add_command(actions, "set", "set one; 0 takes it away", _set)
    change.add_argument("limit", choices=NAMES)
    change.add_argument("value", metavar="VALUE", help="in each currency by itself; of order_rate, requests a second")
    add_scope(change, SCOPES)
    add_operator(change)


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
    from oms.enums import LimitName
    from oms.limits import units_of

    whom = named(args)
    value = units_of(args.limit, args.value)
    with session(args) as operator:
        scope = scope_of(operator.views, args)
        answer = operator.ask("SetLimit", **scope, name=int(LimitName[args.limit]), value=value)
    told = {name: getattr(args, name) for name in ("scope", "name", "limit", "value")}
    return outcome(args, answer, whom, f"{args.limit} {args.value}", **told)
