"""Accounts and instruments of a start of day: which rows of a file are new, which change what we have.

A row that says what we know already leads to no record, so that the same file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from oms._core.csv_index import CodeIndex
from oms.enums import RenameOf
from oms.start_of_day.book import Array, Book, instrument_codes, price_factor
from oms.start_of_day.files import FIRST_ROW, MAX_FAULTS, Fault, SourceFile
from oms.start_of_day.layouts import INSTRUMENT_FLAGS, NOT_TOLD

# column of the file -> field of the row
ACCOUNT_FIELDS = {
    "class": "account_class",
    "currency": "currency",
    "status": "status",
    "short_allowed": "short_allowed",
}
INSTRUMENT_FIELDS = {
    name: name
    for name in (
        "tick",
        "lot",
        "min_qty",
        "max_qty",
        "multiplier",
        "reference_price",
        "status",
        *INSTRUMENT_FLAGS,
        "short_margin_bps",
        "isin",
        "cfi",
    )
}
EXCHANGE_CYCLE = 255  # settles as its exchange does
FIXED_FIELDS = ("currency", "price_exponent", "quantity_exponent")  # figures in the books hang on them


@dataclass(frozen=True)
class Definitions:
    """What a reference file changes.

    known: number of each row here; -1 = new. rows: those to define, in the file's order.
    """

    file: SourceFile
    known: Array
    rows: Array
    faults: list[Fault] = field(default_factory=list)

    @property
    def new(self) -> Array:
        """The rows that are not known here."""
        return np.flatnonzero(self.known < 0)

    @property
    def changed(self) -> int:
        return len(self.rows) - len(self.new)


def duplicates(file: SourceFile, codes: Array, column: str) -> list[Fault]:
    """A fault for each row whose code an earlier row has."""
    return [
        Fault(file.name, row + FIRST_ROW, column, "an earlier row has the same", codes[row].decode("utf-8", "replace"))
        for row in CodeIndex(codes).duplicates[:MAX_FAULTS]
    ]


def given_up(file: SourceFile, book: Book, known: Array, column: str, of: RenameOf) -> list[Fault]:
    """A fault for each row whose code is new here, but was given up: an old file must not bring it back unseen."""
    names: dict[tuple[bytes, int], bytes] = {}
    for row in book.arrays["renamed"][1:]:
        if row["of"] == of:
            exchange = book.arrays["instrument"]["exchange"][row["number"]] if of == RenameOf.instrument else 0
            owner = book.arrays["account"]["owner"][row["number"]] if of == RenameOf.account else book.owner
            if owner == book.owner:
                names[book.text(row["old"]), int(exchange)] = book.text(row["new"])
    faults = []
    for row in np.flatnonzero(known < 0).tolist() if names else ():
        code = bytes(file.arrays[column][row])
        exchange = int(file.arrays["exchange"][row]) if of == RenameOf.instrument else 0
        if new := names.get((code, exchange)):
            reason = f"was renamed to {new.decode('utf-8', 'replace')}"
            faults.append(Fault(file.name, row + FIRST_ROW, column, reason, code.decode("utf-8", "replace")))
    return faults[:MAX_FAULTS]


def differs(table: Array, rows: Mapping[str, Array], known: Array, fields: Mapping[str, str]) -> Array:
    """Which of the known rows of a file differ from ours in one of the fields."""
    at = np.maximum(known, 0)
    different = np.zeros(len(known), bool)
    for column, name in fields.items():
        here = table[name][at]
        different |= rows[column].astype(here.dtype) != here
    return different & (known >= 0)


def account_definitions(file: SourceFile, book: Book) -> Definitions:
    codes = file.arrays["account"]
    known = book.accounts.find_all(codes)
    table = book.arrays["account"]
    changed = differs(table, file.arrays, known, ACCOUNT_FIELDS)
    for name, texts in file.texts.items():
        here = table[name][np.maximum(known, 0)]
        for row in np.flatnonzero((known >= 0) & ~changed & (texts.filled() | (here != 0))).tolist():
            changed[row] = texts[row] != book.text(here[row])
    faults = duplicates(file, codes, "account") + given_up(file, book, known, "account", RenameOf.account)
    return Definitions(file, known, np.flatnonzero(changed | (known < 0)), faults)


def instrument_definitions(file: SourceFile, book: Book) -> Definitions:
    rows = file.arrays
    codes = instrument_codes(rows["symbol"], book.arrays["exchange"]["mic"][rows["exchange"]])
    known = book.instruments.find_all(codes)
    table = book.arrays["instrument"]
    ours = np.where(known >= 0, table["restricted"][np.maximum(known, 0)], 0)
    rows["restricted"] = np.where(rows["restricted"] == NOT_TOLD, ours, rows["restricted"])
    faults = duplicates(file, codes, "symbol") + given_up(file, book, known, "symbol", RenameOf.instrument)
    here = table[np.maximum(known, 0)]
    for name in FIXED_FIELDS:
        for row in np.flatnonzero((known >= 0) & (here[name] != rows[name]))[:MAX_FAULTS].tolist():
            faults.append(Fault(file.name, row + FIRST_ROW, name, "cannot change once the instrument is defined"))
    changed = differs(table, rows, known, INSTRUMENT_FIELDS)
    cycle = rows["settlement_days"]
    cycle = np.where(cycle == EXCHANGE_CYCLE, book.arrays["exchange"]["settlement_days"][rows["exchange"]], cycle)
    changed |= (known >= 0) & (cycle != here["settlement_days"])
    for row in np.flatnonzero((known >= 0) & ~changed).tolist():
        exponent = int(book.arrays["currency"]["exponent"][rows["currency"][row]])
        wanted = Fraction(int(rows["price_factor_numerator"][row]), int(rows["price_factor_denominator"][row]))
        changed[row] = price_factor(here[row], exponent) != wanted
    return Definitions(file, known, np.flatnonzero(changed | (known < 0)), faults)


def extended(book: Book, accounts: Definitions, instruments: Definitions) -> Book:
    """The book with what the two files add."""
    new = {name: array[instruments.new] for name, array in instruments.file.arrays.items()}
    return Book(book.arrays, book.owner, accounts.file.arrays["account"][accounts.new], new)


def account_fields(book: Book, accounts: Definitions) -> dict[str, Array]:
    """Class, currency, status of all accounts by number, as they will be."""
    live = book.live_accounts
    size = live + len(accounts.new)
    numbers = np.where(accounts.known >= 0, accounts.known, 0)
    numbers[accounts.new] = np.arange(live, size)
    found = {}
    for column, name in ACCOUNT_FIELDS.items():
        values = np.zeros(size, np.int64)
        values[:live] = book.arrays["account"][name]
        values[numbers] = accounts.file.arrays[column]
        found[column] = values
    found["listed"] = np.zeros(size, bool)
    found["listed"][numbers] = True
    return found
