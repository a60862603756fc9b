"""`oms auth list|authorise|reject`: the queue of requests that wait for a DTR, in a running OMS."""

import json
from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_config, add_group
from oms.commands.operator import add_operator, outcome, session

if TYPE_CHECKING:
    from oms.commands import Subparsers
    from oms.pictures import Request


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "auth",
        "list and decide on requests that wait for a DTR",
        "The queue of requests that the rules do not let straight through.",
    )
    listing = add_command(actions, "list", "requests that wait, oldest first", _list)
    add_config(listing)
    for name, summary in (("authorise", "let a request through"), ("reject", "refuse a request")):
        command = add_command(actions, name, summary, _decide)
        command.set_defaults(decision=name)
        command.add_argument("account", metavar="ACCOUNT")
        command.add_argument("cl_ord_id", metavar="CL_ORD_ID")
        command.add_argument(
            "--version", type=int, default=0, help="the version that you looked at; a newer one is kept"
        )
        command.add_argument("--reason", default="", help="why; kept in the journal")
        add_operator(command)


def describe(request: "Request") -> dict[str, Any]:
    """One waiting request in words."""
    return {
        "account": request.account,
        "cl_ord_id": request.cl_ord_id,
        "type": request.type,
        "version": request.queue_version,
        "reason": request.reason.name,
        "side": request.side,
        "instrument": request.instrument,
        "order_qty": str(request.order_qty),
        "price": "" if request.price is None else str(request.price),
        "by": request.user,
        "since": datetime.fromtimestamp(request.time_ns / 1e9, UTC).isoformat(timespec="seconds"),
    }


def _list(args: Namespace) -> int:
    from oms.config import load
    from oms.look import columns
    from oms.views import attach

    rows = [describe(request) for request in attach(load(args.config).tables).queue()]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    if not rows:
        print("nothing waits")
        return 0
    print(columns(rows, list(rows[0])))
    return 0


def _decide(args: Namespace) -> int:
    from oms.enums import Decision

    account, cl_ord_id = args.account, args.cl_ord_id
    with session(args) as operator:
        status = operator.decide(Decision[args.decision], account, cl_ord_id, args.version, args.reason)
    return outcome(args, {"status": status}, f"{account} {cl_ord_id}", account=account, cl_ord_id=cl_ord_id)
