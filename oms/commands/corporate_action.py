"""`oms corporate-action preview|announce|undo|list` and `oms rename`: what issuers do, and other names.

Exit status: 0 done, 1 refused, or another error.
"""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_group, add_store
from oms.commands.operator import add_operator, outcome, session

if TYPE_CHECKING:
    from oms.commands import Subparsers

TYPES = ("split", "consolidation", "bonus", "dividend", "rename")
NAMED = ("instrument", "currency", "account", "owner", "isin")


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "corporate-action",
        "splits, consolidations, bonus issues, dividends, renames of instruments",
        "What issuers do to instruments: preview it, announce it, take it back.",
    )
    preview = add_command(actions, "preview", "what it would do to each account, with nothing changed", _preview)
    _add_terms(preview)
    add_store(preview)
    announce = add_command(actions, "announce", "announce it; it is applied when its ex-date has come", _announce)
    announce.add_argument("id", metavar="ID", help="counts once")
    _add_terms(announce)
    announce.add_argument("--live-orders", choices=("cancel", "hold"), help="default: cancel where stock scales")
    add_operator(announce)
    undo = add_command(actions, "undo", "take it back, while nothing else has moved the instrument", _undo)
    undo.add_argument("id", metavar="ID")
    undo.add_argument("--reason", default="", help="why; kept in the journal")
    add_operator(undo)
    listing = add_command(actions, "list", "all that were announced", _list)
    add_store(listing)
    rename = add_command(subparsers, "rename", "another symbol, code, name or ISIN for what is known", _rename)
    rename.add_argument("of", choices=NAMED, help="isin: of an instrument")
    rename.add_argument("name", metavar="NAME", help="what it is called now; of an ISIN the instrument")
    rename.add_argument("to", metavar="NEW")
    rename.add_argument("--reason", default="", help="why; kept in the journal")
    add_operator(rename)


def _add_terms(command: ArgumentParser) -> None:
    command.add_argument("instrument", metavar="INSTRUMENT")
    command.add_argument("type", choices=TYPES)
    command.add_argument("--ex-date", required=True, metavar="DATE", help="first day of the new figures")
    command.add_argument("--ratio", help="split 2 or 3/2, consolidation 1/10, bonus 1/10 (1 more for each 10)")
    command.add_argument("--price", default="0", help="of a fraction of new stock, paid in cash")
    command.add_argument("--amount", help="dividend per unit of stock")
    command.add_argument("--new-instrument", default="", metavar="SYMBOL", help="what it is called from then on")


def _terms(args: Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in ("ratio", "price", "amount", "new_instrument")}


def _preview(args: Namespace) -> int:
    from oms.corporate import action_fields, shares_of
    from oms.look import columns, plain, store_of
    from oms.replica import Replica

    replica = Replica(store_of(args))
    fields = action_fields(replica, "preview", args.instrument, args.type, args.ex_date, **_terms(args))
    rows = [
        {name: plain(value) for name, value in (asdict(share) | {"fraction": str(share.fraction)}).items()}
        for share in shares_of(replica, replica.core, fields)
    ]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        print(columns(rows, list(rows[0])) if rows else "no account holds it")
    return 0


def _announce(args: Namespace) -> int:
    from oms.corporate import action_fields

    def fields(views: Any) -> dict[str, Any]:
        given = _terms(args) | {"live_orders": args.live_orders}
        return action_fields(views, args.id, args.instrument, args.type, args.ex_date, **given)

    return _ask(args, "CorporateAction", fields)


def _undo(args: Namespace) -> int:
    return _ask(args, "CorporateActionUndo", lambda views: {"id": args.id, "reason": args.reason})


def _rename(args: Namespace) -> int:
    from oms.corporate import row_of
    from oms.enums import RenameOf

    def fields(views: Any) -> dict[str, Any]:
        number = row_of(views, args.of, args.name)
        return {"of": int(RenameOf[args.of]), "number": number, "name": args.to, "reason": args.reason}

    return _ask(args, "Rename", fields)


def _ask(args: Namespace, record: str, fields: Any) -> int:
    """One record over an operator's session, and what came of it."""
    with session(args) as operator:
        answer = operator.ask(record, **fields(operator.views))
    return outcome(args, answer)


def _list(args: Namespace) -> int:
    from oms.corporate import actions
    from oms.look import columns, plain, store_of
    from oms.replica import Replica

    rows = [
        {name: plain(value) for name, value in asdict(action).items()} for action in actions(Replica(store_of(args)))
    ]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        print(columns(rows, list(rows[0])) if rows else "none was announced")
    return 0
