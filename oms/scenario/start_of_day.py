"""The start of day of a scenario: rows instead of files, then the same comparison as for files, load and opening.

Owns: the order (compare, load, close what is confirmed, keep accounts with breaks closed, move the date) and the breaks
that are shown. The figures are compared by oms.start_of_day.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from oms.engine import Result
from oms.enums import Status
from oms.scenario.parse import Step
from oms.scenario.view import account_codes
from oms.scenario.world import World
from oms.start_of_day.book import Book
from oms.start_of_day.compare import (
    CASH,
    CLOSED,
    HOLDINGS,
    Comparison,
    Kind,
    accounts_with_history,
    confirmed,
    our_figures,
    positions,
)
from oms.start_of_day.files import FIRST_ROW, Control, Fault, SourceFile
from oms.start_of_day.run import corrected_batch

SOURCE = "scenario"
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Found:
    """One break, in the words of the language. closes: the account's number, when it stays closed for it."""

    kind: str
    account: str
    item: str
    ours: Decimal | None
    theirs: Decimal | None
    closes: int

    def shown(self) -> dict[str, Any]:
        what = {"cash": "currency", "holding": "instrument"}.get(self.kind)
        row: dict[str, Any] = {"kind": self.kind, "account": self.account, "ours": self.ours, "theirs": self.theirs}
        return row | ({what: self.item} if what else {})

    def names(self) -> tuple[str, ...]:
        """What a person calls it: its account, and what of it."""
        return self.account, f"{self.account}.{self.item}", f"{self.kind}.{self.account}.{self.item}"


def called(world: World, name: str) -> list[Found]:
    """The breaks of the last start of day that a person calls so."""
    return [each for each in world.day_breaks if name in each.names()]


def sign_off(world: World, breaks: list[Found], by: str | None, reason: str) -> list[Result]:
    """A named person takes the source's figures: these breaks are closed, and an account opens with the last one that
    kept it closed."""
    world.day_breaks = [each for each in world.day_breaks if each not in breaks]
    if any(each.closes and each.account == breaks[0].account for each in world.day_breaks):
        return []
    return [world.engine.sign_off(breaks[0].account, reason=reason, by=by)]


def play(world: World, f: dict[str, Any], step: Step) -> list[Result]:
    """One start of day; a file that is refused refuses all of it."""
    world.given.define({"accounts": {row["code"]: _without_code(row) for row in f["accounts"]}})
    if not declared(f):
        return [Result(Status.load_count_differs, 0, [])]
    breaks = compare(world, f)
    results = load(world, f)
    if any(result.status for result in results):
        return results
    world.day_breaks = breaks
    closing = {entry.closes for entry in breaks if entry.closes}
    for number in sorted(closing):
        world.engine.record("AccountReconciled", account=number, unreconciled=1, reason="start of day")
    if f["cash"]:
        day = (f["as_of"] - EPOCH).days
        world.engine.record("Settle", date=day, confirmed=1, batch_id=f"start of day {f['as_of']}")
        book = Book(world.engine.arrays())
        for number in confirmed(book, day, closing):
            name = corrected_batch(day, book, number)
            world.engine.record("Settle", date=day, account=number, confirmed=1, batch_id=name)
    if f["date"] > world.today:
        results += world.move_date(f["date"], f["by"])
    return results


def _without_code(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "code"}


def declared(f: dict[str, Any]) -> bool:
    """Do the rows have the number and the control totals that the file declares?"""
    sums: Counter[str] = Counter()
    rows_of = {
        (kind, r["account"], r[item])
        for kind, item in (("cash", "currency"), ("holdings", "instrument"))
        for r in f[kind]
    }
    if len(rows_of) != len(f["cash"]) + len(f["holdings"]):
        return False  # a row stands twice
    if f["totals"].get("all_rows", len(f["cash"]) + len(f["holdings"])) != len(f["cash"]) + len(f["holdings"]):
        return False
    for kind, item, figure in (("cash", "currency", "booked"), ("holdings", "instrument", "settled")):
        rows = f["totals"]["rows"].get(kind)
        if rows is not None and rows != len(f[kind]):
            return False
        for row in f[kind]:
            sums[row[item]] += row[figure]
            sums[kind] += row[figure]
    return all(sums[name] == total for name, total in f["totals"]["sums"].items())


def load(world: World, f: dict[str, Any]) -> list[Result]:
    """Load what there is, but for rows of unknown accounts; a load that is refused leaves the others out."""
    results = []
    known = account_codes(world)
    f = f | {kind: [row for row in f[kind] if row["account"] in known] for kind in ("cash", "holdings")}
    common: dict[str, Any] = {"source": SOURCE, "by": f["by"], "supersede": f["by"] is not None}
    if f["cash"]:
        rows = [(row["account"], row["currency"], row["booked"]) for row in f["cash"]]
        results.append(world.engine.load_cash(f["as_of"], rows, digest=digest(f, "cash"), **common))
    if f["holdings"] and not any(result.status for result in results):
        stock = [(r["account"], r["instrument"], r["settled"], r.get("average_price")) for r in f["holdings"]]
        results.append(world.engine.load_holdings(f["as_of"], stock, digest=digest(f, "holdings"), **common))
    return results


def digest(f: dict[str, Any], kind: str) -> bytes:
    rows = [sorted((name, str(value)) for name, value in row.items()) for row in f[kind]]
    return hashlib.sha256(repr((kind, str(f["as_of"]), rows)).encode()).digest()


def compare(world: World, f: dict[str, Any]) -> list[Found]:
    """What bank, registry and CRM say against what we have."""
    book = Book(world.engine.arrays())
    accounts = book.arrays["account"]
    as_of = (f["as_of"] - EPOCH).days
    fields = {"status": accounts["status"], "currency": accounts["currency"], "class": accounts["account_class"]}
    history = accounts_with_history(book, len(book.account_codes), as_of)
    found = [*unlisted(book, f)] if f["accounts"] else []
    for kind in (CASH, HOLDINGS):
        if not f[kind.name]:
            continue
        file = source_file(world, kind, f, book)
        theirs = positions(kind, [file])
        ours = our_figures(kind, book, as_of, True)
        outcome = Comparison(kind, [file], theirs, ours, book, fields, history).outcome()
        for entry in outcome.breaks:
            item = entry.currency or entry.instrument.rsplit(".", 1)[0]
            name = "cash" if kind is CASH else "holding"
            found.append(Found(name, entry.account, item, _figure(entry.ours), _figure(entry.theirs), entry.closes))
    return found


def unlisted(book: Book, f: dict[str, Any]) -> list[Found]:
    """Accounts of ours that the list of accounts does not have."""
    listed = {row["code"] for row in f["accounts"]}
    live = [
        number for number in range(1, len(book.account_codes)) if book.arrays["account"]["status"][number] != CLOSED
    ]
    codes = {number: book.account_codes[number].decode() for number in live}
    return [Found("account", code, "", None, None, n) for n, code in codes.items() if code not in listed]


def _figure(value: str) -> Decimal | None:
    return Decimal(value) if value else None


def source_file(world: World, kind: Kind, f: dict[str, Any], book: Book) -> SourceFile:
    """The rows as a file that was read; an account that is not known has number 0."""
    codes = book.codes()
    items, exponents = {
        "cash": (codes.currencies, codes.currency_exponents),
        "holdings": (codes.instruments, codes.quantity_exponents),
    }[kind.name]
    numbers = [
        (codes.accounts.find(row["account"].encode()) or 0, items.find(row[kind.item].encode()) or 0)
        for row in f[kind.name]
    ]
    amounts = [
        int(row[kind.figure].scaleb(int(exponents[item]))) for row, (_, item) in zip(f[kind.name], numbers, strict=True)
    ]
    arrays = {
        "account": np.array([account for account, _ in numbers], np.int64),
        kind.item: np.array([item for _, item in numbers], np.int64),
        kind.figure: np.array(amounts, np.int64),
    }
    control = Control(kind.name, f["as_of"], SOURCE, len(amounts), None, True)
    unknown = tuple(
        Fault(kind.name, index + FIRST_ROW, "account", "no such account", row["account"])
        for index, (row, (account, _)) in enumerate(zip(f[kind.name], numbers, strict=True))
        if not account
    )
    read = SourceFile(kind.name, kind.name, control, digest(f, kind.name), len(amounts), arrays)
    return replace(read, unknown=unknown, unknown_count=len(unknown))
