"""Our side of a start of day: the live tables, and the codes that files name their rows by. Reads only.

Accounts and instruments that a file of the same run defines have no row yet. They are numbered on from the live rows,
so that the files after them can name them; `Book.slots` gives the rows once they exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oms._core.csv_index import CodeIndex
from oms.start_of_day.layouts import ACCOUNT_WIDTH, INSTRUMENT_WIDTH, Codes

Arrays = Mapping[str, NDArray[Any]]  # the tables by name, row 0 unused
Array = NDArray[Any]


@dataclass(frozen=True)
class Book:
    """The live tables of one owner, and what a run adds to them.

    new_accounts: codes. new_instruments: rows of an instruments file, by column.
    """

    arrays: Arrays
    owner: int = 0
    new_accounts: Array | None = None
    new_instruments: Mapping[str, Array] | None = None

    @property
    def live_accounts(self) -> int:
        return len(self.arrays["account"])

    @property
    def live_instruments(self) -> int:
        return len(self.arrays["instrument"])

    @cached_property
    def account_codes(self) -> Array:
        """By number; empty for rows of other owners."""
        rows = self.arrays["account"]
        live = np.where(rows["owner"] == self.owner, rows["code"], b"").astype(f"S{ACCOUNT_WIDTH}")
        return live if self.new_accounts is None else np.concatenate([live, self.new_accounts])

    @cached_property
    def accounts(self) -> CodeIndex:
        return CodeIndex(self.account_codes)

    def instrument_column(self, live: str, new: str) -> Array:
        """One field of all instruments, by number."""
        rows = self.arrays["instrument"][live]
        return rows if self.new_instruments is None else np.concatenate([rows, self.new_instruments[new]])

    @cached_property
    def instrument_exchanges(self) -> Array:
        return self.instrument_column("exchange", "exchange")

    @cached_property
    def instrument_codes(self) -> Array:
        """SYMBOL.MIC, by number."""
        symbols = self.instrument_column("symbol", "symbol")
        return instrument_codes(symbols, self.arrays["exchange"]["mic"][self.instrument_exchanges])

    @cached_property
    def instruments(self) -> CodeIndex:
        """SYMBOL.MIC, and the symbol alone where only one exchange lists it."""
        symbols = self.instrument_column("symbol", "symbol").astype(f"S{INSTRUMENT_WIDTH}")
        _, first, count = np.unique(symbols, return_index=True, return_counts=True)
        alone = first[count == 1]
        numbers = np.concatenate([np.arange(len(symbols)), alone])
        return CodeIndex(np.concatenate([self.instrument_codes, symbols[alone]]), numbers)

    def codes(self) -> Codes:
        """What files may name."""
        return Codes(
            currencies=index_of(self.arrays["currency"]["code"], 8),
            currency_exponents=self.arrays["currency"]["exponent"],
            exchanges=index_of(self.arrays["exchange"]["mic"], 8),
            classes=index_of(self.arrays["account_class"]["name"], 24),
            accounts=self.accounts,
            instruments=self.instruments,
            price_exponents=self.instrument_column("price_exponent", "price_exponent").astype(np.uint8),
            quantity_exponents=self.instrument_column("quantity_exponent", "quantity_exponent").astype(np.uint8),
        )

    def text(self, reference: int) -> bytes:
        """A text of the text table; 0 = empty."""
        if not reference:
            return b""
        raw = self.arrays["text"]["bytes"].reshape(-1)
        start = int(reference) * 8
        return raw[start + 1 : start + 1 + int(raw[start])].tobytes()

    def user(self, name: str) -> int:
        """The number of an active user; 0 = none of that name."""
        rows = self.arrays["user"]
        found = np.flatnonzero((rows["name"] == name.encode()) & (rows["active"] == 1))
        return int(found[0]) if name and len(found) else 0


def instrument_codes(symbols: Array, mics: Array) -> Array:
    """SYMBOL.MIC; empty where there is no symbol."""
    joined = np.char.add(np.char.add(symbols, b"."), mics)
    return np.where(symbols == b"", b"", joined).astype(f"S{INSTRUMENT_WIDTH}")


def index_of(codes: Array, width: int) -> CodeIndex:
    return CodeIndex(np.ascontiguousarray(codes, dtype=f"S{width}"))


def price_factor(row: Any, currency_exponent: int) -> Fraction:
    """The price factor of a live instrument: what its value ratio holds apart from multiplier and exponents."""
    ratio = Fraction(int(row["value_numerator"]), int(row["value_denominator"]) or 1)
    exponent = int(row["price_exponent"]) + int(row["quantity_exponent"]) - currency_exponent
    return ratio * Fraction(10) ** exponent / (int(row["multiplier"]) or 1)
