"""`oms parked|resolve|assign|move`: what waits for a person, and what a person makes of it, in a running OMS.

Exit status: 0 done, 1 refused, or another error.
"""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store
from oms.commands.operator import add_operator, outcome, session
from oms.enums import Resolution

if TYPE_CHECKING:
    from oms.commands import Subparsers

COLUMNS = ["sequence", "status", "record", "account", "instrument", "exec_type", "exec_id", "exec_ref_id"]
COLUMNS += ["last_qty", "last_px"]


def add(subparsers: "Subparsers") -> None:
    listing = add_command(subparsers, "parked", "what could not be booked, and breaks, that wait", _list)
    listing.add_argument(
        "--breaks",
        action="store_true",
        help="only executions that came again with other content, and trades that the exchange has lost",
    )
    listing.add_argument("--all", action="store_true", help="those that were settled, too, with how and by whom")
    add_store(listing, tables=True)
    resolve = add_command(subparsers, "resolve", "say what became of a break, a parked report or a doubt", _resolve)
    resolve.add_argument(
        "name",
        metavar="NAME",
        help="exec_id, id or sequence of what is parked; cl_ord_id of a request or order_id of an order",
    )
    resolve.add_argument("outcome", choices=[word.name for word in Resolution])
    resolve.add_argument("--account", default="", metavar="CODE", help="of the request or order that NAME is then")
    resolve.add_argument("--reason", default="", help="why; kept in the journal")
    add_operator(resolve)
    assign = add_command(subparsers, "assign", "give an order at the suspense account to an account", _assign)
    assign.add_argument("name", metavar="NAME", help="its order_id, cl_ord_id, or the exec_id of one of its executions")
    assign.add_argument("account", metavar="ACCOUNT")
    add_operator(assign)
    move = add_command(subparsers, "move", "move an order, with its executed part, to another account", _move)
    for word in ("account", "cl_ord_id", "to"):
        move.add_argument(word, metavar=word.upper())
    add_operator(move)


def _list(args: Namespace) -> int:
    from oms.look import Source, columns, plain
    from oms.parked import BREAKS, parked_rows

    rows = parked_rows(Source(args).views, closed=args.all)
    if args.breaks:
        rows = [row for row in rows if row.status in BREAKS]
    shown = [plain(vars(row)) for row in rows]
    if args.json:
        print(json.dumps(shown, indent=2))
    elif shown:
        print(columns(shown, [*COLUMNS, "outcome", "user"] if args.all else COLUMNS))
    else:
        print("nothing waits")
    return 0


def _resolve(args: Namespace) -> int:
    from oms.config import load
    from oms.parked import booked_again, find_parked, request_named

    with session(args) as operator:
        views, said = operator.views, {"outcome": int(Resolution[args.outcome]), "text": args.reason}
        if args.account:
            answer = operator.ask("Resolve", request=request_named(views, args.account, args.name), **said)
        elif args.outcome == "apply" and find_parked(views, args.name):
            journal = load(args.config).directory / "journal"
            answer = operator.send(booked_again(views, journal, find_parked(views, args.name)))
        else:
            answer = operator.ask("Resolve", parked=find_parked(views, args.name), **said)
    return outcome(args, answer, args.name, name=args.name)


def _assign(args: Namespace) -> int:
    from oms.parked import find_suspended

    with session(args) as operator:
        order, account = find_suspended(operator.views, args.name), operator.views.account_slot(args.account)
        answer = operator.ask("AssignOrder", order=order, account=account)
    return outcome(args, answer, args.name, name=args.name)


def _move(args: Namespace) -> int:
    with session(args) as operator:
        accounts = {name: operator.views.account_slot(getattr(args, name)) for name in ("account", "to")}
        answer = operator.ask("MoveOrder", cl_ord_id=args.cl_ord_id, **accounts)
    return outcome(args, answer, args.cl_ord_id, name=args.cl_ord_id)
