"""`oms deposit|withdraw|transfer|adjust|margin|settle`: what an operator books in a running OMS.

Each counts once, by its reference or batch id: after a time-out it may be given again. Exit status: 0 booked, 1 refused
(with the status, and what was asked for and what is allowed in units), or another error.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oms.commands import add_command
from oms.commands.operator import add_operator, outcome, session

if TYPE_CHECKING:
    from oms.booking import Booking
    from oms.commands import Subparsers
    from oms.views import Views

Make = Callable[["Views", Namespace], "list[Booking]"]
ITEM = "a currency, or an instrument as SYMBOL or SYMBOL@MIC"


def add(subparsers: "Subparsers") -> None:
    _command(subparsers, "deposit", "book money in", _deposit, "ACCOUNT", "CURRENCY", "AMOUNT", "REFERENCE")
    withdraw = _command(
        subparsers, "withdraw", "book money out", _withdraw, "ACCOUNT", "CURRENCY", "AMOUNT", "REFERENCE"
    )
    withdraw.add_argument(
        "--stage",
        choices=("request", "confirm", "refuse"),
        help="hold it; book what the bank has paid; free it (default: at once)",
    )
    adjust = _command(subparsers, "adjust", "correct money or stock", _adjust, "ACCOUNT", "ITEM", "AMOUNT", "REFERENCE")
    transfer = _command(
        subparsers, "transfer", "move between accounts", _transfer, "ACCOUNT", "TO", "ITEM", "AMOUNT", "REFERENCE"
    )
    transfer.add_argument("--to-currency", default="", metavar="CURRENCY", help="what arrives, with --to-amount")
    transfer.add_argument("--to-amount", default="0", metavar="AMOUNT", help="how much of it arrives")
    transfer.add_argument("--margin", action="store_true", help="credit, not money")
    for command in (withdraw, adjust, transfer):
        command.add_argument("--override", action="store_true", help="also below zero; stays on record")
    for command in (withdraw, adjust, transfer):
        command.add_argument("--reason", default="", help="why; an adjustment needs one")
    margin = _command(subparsers, "margin", "set an account's credit", _margin, "ACCOUNT", "CURRENCY", "AMOUNT")
    margin.add_argument("--reference", default="", help="once by this")
    margin.add_argument("--reason", default="", help="why; kept in the journal")
    settle = _command(subparsers, "settle", "book a settlement batch, whole or not at all", _settle, "BATCH_ID", "DATE")
    settle.add_argument("--account", default="", help="of this account only")
    settle.add_argument(
        "--item",
        action="append",
        metavar="EXEC_ID[=QUANTITY[:AMOUNT]]",
        help="only these trades, again for each; without one all that is due by the date",
    )
    settle.add_argument("--fail", action="append", default=[], metavar="EXEC_ID", help="stays open, and late")
    settle.add_argument(
        "--expect", action="append", default=[], metavar="ACCOUNT:ITEM=AMOUNT", help="else nothing moves"
    )


def _command(subparsers: "Subparsers", name: str, summary: str, make: Make, *arguments: str) -> ArgumentParser:
    command = add_command(subparsers, name, f"{summary}, in a running OMS", run)
    command.set_defaults(make=make, command=name)
    for argument in arguments:
        help_text = ITEM if argument == "ITEM" else None
        command.add_argument(argument.lower(), metavar=argument, help=help_text)
    add_operator(command)
    return command


def run(args: Namespace) -> int:
    with session(args) as operator:
        answer = operator.book(args.make(operator.views, args))
    figure, limit = answer["figure"], answer["limit"]
    figures = f": {figure}, allowed {limit}" if figure or limit else ""
    return outcome(args, answer, args.command, figures=figures, command=args.command, figure=figure, limit=limit)


def _moved(views: "Views", args: Namespace, kind: str, item: str, **more: Any) -> "list[Booking]":
    from oms import booking
    from oms.enums import MovementKind

    account = views.account_slot(args.account)
    return [booking.movement(views, MovementKind[kind], account, item, args.amount, args.reference, **more)]


def _deposit(views: "Views", args: Namespace) -> "list[Booking]":
    return _moved(views, args, "deposit", args.currency)


def _withdraw(views: "Views", args: Namespace) -> "list[Booking]":
    from oms.enums import MovementStage

    stage = MovementStage[args.stage or "at_once"]
    more: dict[str, Any] = {"stage": stage, "override": args.override, "reason": args.reason}
    return _moved(views, args, "withdrawal", args.currency, **more)


def _adjust(views: "Views", args: Namespace) -> "list[Booking]":
    return _moved(views, args, "adjustment", args.item, override=args.override, reason=args.reason)


def _transfer(views: "Views", args: Namespace) -> "list[Booking]":
    from oms import booking

    made = booking.transfer(
        views,
        views.account_slot(args.account),
        views.account_slot(args.to),
        args.item,
        args.amount,
        args.reference,
        to_currency=args.to_currency,
        to_amount=args.to_amount,
        margin=args.margin,
        reason=args.reason,
        override=args.override,
    )
    return [made]


def _margin(views: "Views", args: Namespace) -> "list[Booking]":
    from oms.values import to_units

    money = views.currency_slot(args.currency)
    units = to_units(args.amount, int(views.rows("currency")["exponent"][money]), "amount")
    fields = {"account": views.account_slot(args.account), "currency": money, "margin": units}
    return [("SetMargin", fields | {"reference": args.reference, "reason": args.reason})]


def _settle(views: "Views", args: Namespace) -> "list[Booking]":
    from oms import booking

    items = None if args.item is None else [_item(text) for text in args.item]
    expected = {}
    for text in args.expect:
        place, _, amount = text.rpartition("=")
        account, _, item = place.rpartition(":")
        expected[account, item] = amount
    account = views.account_slot(args.account) if args.account else 0
    return booking.settle(views, args.batch_id, args.date, account, items, expected, args.fail)


def _item(text: str) -> Any:
    from oms.booking import SettlementItem

    name, _, parts = text.partition("=")
    quantity, _, amount = parts.partition(":")
    return SettlementItem(name, quantity or None, amount or None)
