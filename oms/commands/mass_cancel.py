"""`oms mass-cancel`: cancels all live orders that the options describe, in a running OMS.

Exit status: 0 done, 1 refused, or another error.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command
from oms.commands.operator import add_operator, outcome, session

if TYPE_CHECKING:
    from oms.commands import Subparsers

SIDES = ("buy", "sell", "sell_short", "sell_short_exempt")
SELECTED = ("account", "instrument", "exchange", "user")


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "mass-cancel", "cancel all live orders of an account, instrument, …", run)
    for name in SELECTED:
        command.add_argument(f"--{name}", default="", metavar=name.upper(), help=f"only orders of this {name}")
    command.add_argument("--side", default="", choices=SIDES, help="only orders of this side")
    command.add_argument("--all", action="store_true", help="every live order; needed when nothing else is said")
    add_operator(command)


def run(args: Namespace) -> int:
    from oms.control import slot_of
    from oms.enums import Side
    from oms.errors import OmsError

    chosen = {name: getattr(args, name) for name in SELECTED if getattr(args, name)}
    if args.all == bool(chosen or args.side):
        raise OmsError("either --all, or whose orders", remedy="oms mass-cancel --help")
    with session(args) as operator:
        slots = {name: slot_of(operator.views, name, code) for name, code in chosen.items()}
        answer = operator.ask("OrderMassCancelRequest", **slots, side=int(Side[args.side]) if args.side else 0)
    cancels, withdrawn = answer["figure"], answer["limit"]
    done = f"{cancels} cancels sent, {withdrawn} unsent requests ended"
    return outcome(args, answer, done=done, cancels=cancels, withdrawn=withdrawn)
