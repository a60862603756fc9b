"""Compares an exchange's list of open orders with ours. Reads only: what follows from a difference is the core's.

An order is the same one when the list has our request number, else by the exchange's order_id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from oms.start_of_day.book import Book
from oms.start_of_day.figures import shown
from oms.start_of_day.files import FIRST_ROW, MAX_FAULTS, Fault, SourceFile
from oms.start_of_day.report import Break

TERMS = {"order_qty": "quantity_exponent", "cum_qty": "quantity_exponent", "price": "price_exponent"}


def exchange_of(file: SourceFile, book: Book) -> int:
    """The number of the exchange that the list is from, its source; 0 = unknown."""
    source = file.control.source if file.control else ""
    found = np.flatnonzero(book.arrays["exchange"]["mic"] == source.encode())
    return int(found[0]) if source and len(found) else 0


def list_faults(file: SourceFile, book: Book) -> list[Fault]:
    """What contradicts itself in a list."""
    rows, exchange = file.arrays, exchange_of(file, book)
    if not exchange:
        return [Fault(file.name, 1, "source", "must be the MIC of the exchange whose orders these are")]
    checks = [
        ("instrument", book.instrument_exchanges[rows["instrument"]] != exchange, "is not listed at this exchange"),
        ("cum_qty", rows["cum_qty"] >= rows["order_qty"], "is not below order_qty: the order would not be open"),
    ]
    _, first = np.unique(rows["order_id"], return_index=True)
    again = np.ones(len(rows["order_id"]), bool)
    again[first] = False
    checks.append(("order_id", again, "an earlier row has the same"))
    return [
        Fault(file.name, row + FIRST_ROW, column, reason)
        for column, bad, reason in checks
        for row in np.flatnonzero(bad)[:MAX_FAULTS].tolist()
    ]


class OpenOrders:
    """Our live orders at one exchange, by the names that its list may use."""

    def __init__(self, book: Book, exchange: int) -> None:
        orders, requests = book.arrays["order"], book.arrays["request"]
        live = (orders["account"] != 0) & (orders["closed"] == 0)
        live &= book.arrays["instrument"]["exchange"][orders["instrument"]] == exchange
        self.orders = np.flatnonzero(live)
        self.by_order_id = {book.text(orders["order_id"][order]): order for order in self.orders.tolist()}
        named = np.flatnonzero(np.isin(requests["order"], self.orders)).tolist()
        self.by_request = {int(requests["generation"][row]) << 32 | row: int(requests["order"][row]) for row in named}

    def find(self, request: int, order_id: bytes) -> int:
        """Our order's row; 0 = we have none."""
        order: int | None = self.by_request.get(request) if request else self.by_order_id.get(order_id)
        return order or 0


def order_breaks(file: SourceFile, book: Book) -> Iterator[Break]:
    """Orders that only one side has, and terms that differ."""
    ours = OpenOrders(book, exchange_of(file, book))
    columns = {name: file.arrays[name].tolist() for name in file.arrays}
    found = set()
    for at in range(len(file.arrays["order_id"])):
        row = {name: column[at] for name, column in columns.items()}
        order = ours.find(row["request"], row["order_id"])
        found.add(order)
        line = at + FIRST_ROW
        if not row["account"]:
            code = next((fault.text for fault in file.unknown if fault.line == line), "")
            yield entry(book, "account_unknown", row["order_id"], code, row["instrument"], file, line)
        elif not order:
            code = book.account_codes[row["account"]].decode()
            yield entry(book, "order_unknown", row["order_id"], code, row["instrument"], file, line)
        else:
            yield from term_breaks(book, file, row, order, line)
    if file.control and file.control.complete:
        table = book.arrays["order"]
        for order in sorted(set(ours.orders.tolist()) - found):
            code = book.account_codes[table["account"][order]].decode()
            name = book.text(table["order_id"][order])
            yield entry(book, "order_missing", name, code, int(table["instrument"][order]), file, 0)


def term_breaks(book: Book, file: SourceFile, row: dict[str, Any], order: int, line: int) -> Iterator[Break]:
    here = book.arrays["order"][order]
    code = book.account_codes[row["account"]].decode()
    for name, exponents in TERMS.items():
        exponent = int(book.arrays["instrument"][exponents][here["instrument"]])
        ours, theirs = int(here[name]), row[name]
        if ours != theirs and theirs >= 0:
            yield entry(book, "order_differs", row["order_id"], code, row["instrument"], file, line)._replace(
                field=name,
                ours=shown(ours, exponent),
                theirs=shown(theirs, exponent),
                difference=shown(theirs - ours, exponent),
            )


def entry(
    book: Book, reason: str, order_id: bytes, account: str, instrument: int, file: SourceFile, line: int
) -> Break:
    return Break(
        kind="open_orders",
        reason=reason,
        account=account,
        instrument=book.instrument_codes[instrument].decode(),
        order=order_id.decode("utf-8", "replace"),
        file=file.name,
        line=line,
    )
