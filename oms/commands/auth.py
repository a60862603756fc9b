"""`oms auth list|authorise|reject`: the queue of requests that wait for a DTR, in a running OMS."""

import json
from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_config, add_group, add_operator

if TYPE_CHECKING:
    from oms.commands import Subparsers
    from oms.config import Config
    from oms.pictures import Request


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "auth",
        "list and decide on requests that wait for a DTR",
        "The queue of requests that the rules do not let straight through.",
    )
    listing = add_command(actions, "list", "requests that wait, oldest first", run)
    listing.set_defaults(action=_list)
    add_config(listing)
    for name, summary in (("authorise", "let a request through"), ("reject", "refuse a request")):
        command = add_command(actions, name, summary, run)
        command.set_defaults(action=_decide, decision=name)
        command.add_argument("account", metavar="ACCOUNT")
        command.add_argument("cl_ord_id", metavar="CL_ORD_ID")
        command.add_argument(
            "--version", type=int, default=0, help="the version that you looked at; a newer one is kept"
        )
        command.add_argument("--reason", default="", help="why; kept in the journal")
        add_operator(command)


def run(args: Namespace) -> int:
    from oms.config import load

    status: int = args.action(args, load(args.config))
    return status


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


def _list(args: Namespace, config: "Config") -> int:
    from oms.views import attach

    rows = [describe(request) for request in attach(config.tables).queue()]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    if not rows:
        print("nothing waits")
        return 0
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    for row in [{name: name for name in rows[0]}, *rows]:
        print("  ".join(str(row[name]).ljust(width) for name, width in widths.items()).rstrip())
    return 0


def _decide(args: Namespace, config: "Config") -> int:
    from oms.enums import Decision
    from oms.operator_client import Operator

    with Operator(config, args.endpoint) as operator:
        status = operator.decide(Decision[args.decision], args.account, args.cl_ord_id, args.version, args.reason)
    if args.json:
        print(json.dumps({"account": args.account, "cl_ord_id": args.cl_ord_id, "status": status.name}))
    else:
        print(f"{args.account} {args.cl_ord_id}: {'done' if status == 0 else status.name}")
    return 0 if status == 0 else 1
