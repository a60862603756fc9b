"""`oms statement ACCOUNT [DIR]`: every movement of an account's cash and stock with its cause, live or at rest.

Exit status: 0 every bucket is what its movements add up to, 1 one is not.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from oms.commands import Subparsers
    from oms.holds import Holds
    from oms.statement import Line, Part, Statement


def add(subparsers: "Subparsers") -> None:
    summary = "every movement of an account's cash and stock with its cause; exit status 1 if they do not add up"
    command = add_command(subparsers, "statement", summary, run)
    command.add_argument("account", metavar="ACCOUNT", help="the account's code")
    add_store(command, tables=True)
    command.add_argument("--owner", type=int, default=0, metavar="NUMBER", help="of the account (default 0)")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--currency", metavar="CODE", help="cash in this currency only")
    which.add_argument("--instrument", metavar="SYMBOL", help="stock of this instrument only (SYMBOL@MIC)")
    command.add_argument("--from", dest="from_date", metavar="DATE", help="first business date (default: the current)")
    command.add_argument("--holds", action="store_true", help="each change of what is reserved, too: plays the journal")
    command.add_argument("--to", dest="to_date", metavar="DATE", help="last business date (default: the current)")


def run(args: Namespace) -> int:
    import json

    from oms.errors import OmsError
    from oms.holds import holds
    from oms.look import Source, plain
    from oms.statement import statement

    source = Source(args)
    found = statement(
        source.views,
        args.account,
        currency=args.currency,
        instrument=args.instrument,
        from_date=args.from_date,
        to_date=args.to_date,
        owner=args.owner,
        live=source.live,
    )
    history: list[Holds | None] = [None] * len(found.parts)
    if args.holds:
        if source.directory is None:
            raise OmsError("holds are read from the journal", remedy="name the store's directory instead of --tables")
        history = [*holds(source.directory, source.views, found)]
    print(json.dumps(plain(document(found, history)), indent=2) if args.json else text(found, history))
    return 0 if found.adds_up else 1


def document(found: "Statement", history: "Sequence[Holds | None]") -> "Mapping[str, object]":
    """The statement as JSON carries it. Sequences are text: they may be larger than a reader's numbers."""
    parts = []
    for part, held in zip(found.parts, history, strict=True):
        lines = [vars(line) | {"sequence": str(line.sequence)} for line in part.lines]
        gain = part.realised
        sales = [vars(sale) | {"sequence": str(sale.sequence)} for sale in gain.sales] if gain else []
        told = {"lines": lines, "realised": vars(gain) | {"sales": sales} if gain else None}
        if held:
            changes = [vars(line) | {"sequence": str(line.sequence)} for line in held.lines]
            told |= {"holds": vars(held) | {"lines": changes}}
        parts.append(vars(part) | told)
    return vars(found) | {"sequence": str(found.sequence), "adds_up": found.adds_up, "parts": parts}


def text(found: "Statement", history: "Sequence[Holds | None]") -> str:
    head = f"{found.account}, {found.from_date} to {found.to_date}, journal up to sequence {found.sequence}"
    parts = zip(found.parts, history, strict=True)
    return "\n\n".join([head, *("\n".join(of_part(part, held)) for part, held in parts)])


def of_part(part: "Part", held: "Holds | None" = None) -> "Iterator[str]":
    from oms.look import columns
    from oms.look import text as shown

    used = [name for name in part.closing if any(row.get(name) for row in figures_of(part))]
    rows: list[Mapping[str, object]] = [row_of("opening", part.opening, used)]
    rows += [row_of_line(line, used) for line in part.lines]
    rows.append(row_of("closing", part.closing, used))
    yield f"{part.item} ({'cash' if part.of == 'cash' else 'holding'})"
    yield columns(rows, ["sequence", "date", "what", "reference", "settles", *used, *(f"= {name}" for name in used)])
    for day, (owed, due) in part.ladder.items():
        yield f"  settles {day}: {names(part)[0]} {shown(owed)}, {names(part)[1]} {shown(due)}"
    if held:
        yield from of_holds(held)
    for name, amount in part.held.items():
        yield f"  reserved by {name}: {shown(amount)}"
    average = "" if part.average_price is None else f", average price {shown(part.average_price)}"
    yield f"  now: available {shown(part.available)}{average}"
    if part.realised and (part.realised.total or part.realised.sales):
        gain = part.realised
        yield f"  realised {gain.currency} {shown(gain.result)} in this period, {shown(gain.total)} in all"
    for name in part.wrong:
        yield f"  WRONG: {name} is not what its movements add up to"


def of_holds(held: "Holds") -> "Iterator[str]":
    from oms.look import columns

    names = ("sequence", "date", "cause", "reference", "held for", "reserved", "= reserved")
    rows: list[Mapping[str, object]] = [dict.fromkeys(names, "") | {"cause": "opening", "= reserved": held.opening}]
    for line in held.lines:
        day, cells = line.business_date or "", (line.cause, line.reference, line.of, line.change, line.reserved)
        rows.append(dict(zip(names, (line.sequence, day, *cells), strict=True)))
    rows.append(dict.fromkeys(names, "") | {"cause": "closing", "= reserved": held.closing})
    yield from ("  " + line for line in columns(rows, names).splitlines())


def figures_of(part: "Part") -> "Iterator[Mapping[str, Decimal]]":
    yield from (part.opening, part.closing)
    yield from (line.changes for line in part.lines)


def names(part: "Part") -> tuple[str, str]:
    return ("payable", "receivable") if part.of == "cash" else ("outgoing", "incoming")


def row_of(what: str, figures: "Mapping[str, Decimal]", used: list[str]) -> "Mapping[str, object]":
    head = dict.fromkeys(("sequence", "date", "reference", "settles"), "")
    return head | {"what": what} | dict.fromkeys(used, "") | {f"= {name}": figures[name] for name in used}


def row_of_line(line: "Line", used: list[str]) -> "Mapping[str, object]":
    from oms.look import text as shown

    head = {
        "sequence": line.sequence,
        "date": line.business_date or "",
        "what": line.kind + (f" by {line.user}" if line.user else ""),
        "reference": " ".join(part for part in (line.reference, line.reason and f"({line.reason})") if part),
        "settles": line.settle_date or "",
    }
    changes = {name: shown(line.changes[name]) if name in line.changes else "" for name in used}
    return head | changes | {f"= {name}": line.balances[name] for name in used}
