"""`oms control show|set|kill|lift`: trading states of a running OMS, and who changed them when and why.

Exit status: 0 done, 1 refused, or another error.
"""

import json
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_group, add_store
from oms.commands.operator import add_operator, add_scope, named, outcome, scope_of, session

if TYPE_CHECKING:
    from oms.commands import Subparsers
    from oms.control import Change

SCOPES = ("firm", "exchange", "account", "instrument", "user")


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "control",
        "halt, reduce or kill trading, and let it go on",
        "Trading states: of those that concern a request the strictest counts. Cancels always pass.",
    )
    show = add_command(actions, "show", "what is not active, and every change: who, when, why", _show)
    add_store(show, tables=True)
    change = add_command(actions, "set", "set a state; active ends a halt", _change)
    change.add_argument("state", choices=("active", "reduce_only", "halted"))
    _add_scope(change)
    for name, state, summary in (
        ("kill", "killed", "halt, cancel all that is live, withdraw what waits: one action"),
        ("lift", "active", "make active again; what was killed needs the permission to lift"),
    ):
        command = add_command(actions, name, summary, _change)
        command.set_defaults(state=state)
        _add_scope(command)


def _add_scope(command: ArgumentParser) -> None:
    add_scope(command, SCOPES)
    command.add_argument("--reason", default="", help="why; kept with the change")
    add_operator(command)


def _show(args: Namespace) -> int:
    from oms.control import changes, states
    from oms.look import Source, columns

    views = Source(args).views
    now = [{"scope": scope, "name": name, "state": state} for scope, name, state in states(views)]
    past = [describe(change) for change in changes(views)]
    if args.json:
        print(json.dumps({"states": now, "changes": past}, indent=2))
        return 0
    print(columns(now, list(now[0])))
    if past:
        print("\n" + columns(past, list(past[0])))
    return 0


def describe(change: "Change") -> dict[str, Any]:
    """One change in words."""
    fields = vars(change) | {"sequence": str(change.sequence)}
    when = datetime.fromtimestamp(fields.pop("time_ns") / 1e9, UTC).isoformat(timespec="seconds")
    return {"time": when, **fields}


def _change(args: Namespace) -> int:
    from oms.enums import ControlState, Status

    whom = named(args)
    with session(args) as operator:
        scope = scope_of(operator.views, args)
        answer = operator.ask("Control", **scope, state=int(ControlState[args.state]), reason=args.reason)
    told, done = {"scope": args.scope, "name": args.name, "state": args.state}, args.state
    if answer["status"] == Status.ok and args.state == "killed":
        told |= {"cancels": answer["figure"], "withdrawn": answer["limit"]}
        done += f", {answer['figure']} cancels sent, {answer['limit']} requests withdrawn"
    return outcome(args, answer, whom, done, **told)
