"""What an operator's commands have in common: the session with a running OMS, whom it concerns, what came of it. No
command of its own."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oms.commands import add_config
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.operator_client import Operator
    from oms.views import Views


def add_operator(command: ArgumentParser) -> None:
    """The arguments of what an operator asks of a running OMS: in whose name, and of which."""
    command.add_argument("--as", dest="endpoint", default="", metavar="ENDPOINT", help="the operator's endpoint")
    add_config(command)


def add_scope(command: ArgumentParser, scopes: Sequence[str]) -> None:
    """The arguments that say whom it concerns; `named` checks them, `scope_of` finds it."""
    command.add_argument("scope", choices=scopes)
    command.add_argument("name", nargs="?", default="", metavar="NAME", help="its code; none for the firm")


def named(args: Namespace) -> str:
    """The scope and its name, in words. Raises OmsError unless all but the firm has a name."""
    if (args.scope == "firm") != (args.name == ""):
        raise OmsError(f"{args.scope} {args.name or 'without a name'}", remedy="the firm has no name, all else has one")
    return f"{args.scope} {args.name}".rstrip()


def scope_of(views: "Views", args: Namespace) -> dict[str, int]:
    """The same as a record has it. Raises OmsError when there is none of that name."""
    from oms.control import slot_of
    from oms.enums import ControlScope

    return {"scope": int(ControlScope[args.scope]), "number": slot_of(views, args.scope, args.name)}


def session(args: Namespace) -> "Operator":
    """The operator's session, to be closed. Raises OmsError."""
    from oms.config import load
    from oms.operator_client import Operator

    return Operator(load(args.config), args.endpoint)


def outcome(
    args: Namespace, answer: Mapping[str, Any], whom: str = "", done: str = "done", figures: str = "", **told: Any
) -> int:
    """Prints what came of it: whom it was about, `done` or the status, figures; JSON has the status and what is told
    besides. Returns the exit status."""
    from oms.enums import Status

    status = Status(answer["status"])
    if args.json:
        print(json.dumps(told | {"status": status.name}))
    else:
        print(f"{whom}: " if whom else "", done if status == Status.ok else status.name, figures, sep="")
    return 0 if status == Status.ok else 1
