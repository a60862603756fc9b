"""`oms validate new|replace`: what a request would meet in a running OMS; nothing of it stays there.

Exit status: 0 it would pass, 1 it would be refused or wait for a DTR (with all reasons), or another error.
"""

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_group
from oms.commands.operator import add_operator, session

if TYPE_CHECKING:
    from oms.asking import Asking
    from oms.commands import Subparsers
    from oms.pictures import Checked

TERMS = ("ord_type", "time_in_force", "expire_date", "stop_px", "display_qty", "min_qty")


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "validate",
        "what an order or a change would meet",
        "Runs every check as if the request were made, and says what it would cost; it books and sends nothing.",
    )
    new = add_command(actions, "new", "an order: its value, fee and tax, and all that it would break", run)
    new.set_defaults(check=_new)
    new.add_argument("account", metavar="ACCOUNT")
    new.add_argument("instrument", metavar="INSTRUMENT", help="SYMBOL, or SYMBOL@MIC")
    new.add_argument("side", metavar="SIDE", help="buy, sell, sell_short, sell_short_exempt")
    new.add_argument("order_qty", metavar="QUANTITY")
    new.add_argument("price", metavar="PRICE", nargs="?", help="none for a type without a price")
    new.add_argument("--locate", default="", help="where a short sale's stock is borrowed")
    _terms(new)
    replace = add_command(actions, "replace", "new terms of an order; what is not given stays as it is", run)
    replace.set_defaults(check=_replace)
    replace.add_argument("account", metavar="ACCOUNT")
    replace.add_argument("orig_cl_ord_id", metavar="CL_ORD_ID", help="any id of the order's chain")
    replace.add_argument("--order-qty", metavar="QUANTITY", help="of the whole order, what has executed included")
    replace.add_argument("--price", help="the new limit")
    _terms(replace)


def _terms(command: ArgumentParser) -> None:
    command.add_argument("--ord-type", metavar="TYPE", help="limit, market, stop, stop_limit, market_to_limit, pegged")
    command.add_argument("--time-in-force", metavar="TIF", help="day, gtc, gtd, ioc, fok, at_open, at_close")
    command.add_argument("--expire-date", metavar="DATE", help="of gtd")
    command.add_argument("--stop-px", metavar="PX", help="at which a stop order is triggered")
    command.add_argument("--display-qty", metavar="QTY", help="how much of it others see at once")
    command.add_argument("--min-qty", metavar="QTY", help="the least that may trade")
    add_operator(command)


def run(args: Namespace) -> int:
    from oms.asking import Asking

    with session(args) as operator:
        told = describe(args.check(Asking(operator), args))
    if args.json:
        print(json.dumps(told))
    else:
        cost = f"value {told['value']}, fee {told['fee']} of which tax {told['tax']}"
        print(f"{told['status']}: {cost}{''.join(f'{chr(10)}  {hit}' for hit in told['hits'])}")
    return 0 if told["status"] == "ok" else 1


def _given(args: Namespace, *names: str) -> dict[str, Any]:
    """The terms that were given; the others are as the request's own defaults have them."""
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _new(asking: "Asking", args: Namespace) -> "Checked":
    terms = _given(args, *TERMS, "price", "locate")
    return asking.validate(args.account, args.instrument, args.side, args.order_qty, **terms)


def _replace(asking: "Asking", args: Namespace) -> "Checked":
    return asking.validate_replace(args.account, args.orig_cl_ord_id, **_given(args, *TERMS, "order_qty", "price"))


def describe(checked: "Checked") -> dict[str, Any]:
    """What it would meet, in words; figures as text."""
    money = {name: format(getattr(checked, name), "f") for name in ("value", "fee", "tax")}
    return {"status": checked.status.name, "hits": [hit.name for hit in checked.hits], **money}
