"""The columns of the start-of-day files: what each may hold. Never opens one.

docs/how-to/start-of-day.md shows an example of each file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oms.records import ENUMS
from oms.schema import NULL_I64

if TYPE_CHECKING:
    from oms._core.csv_index import CodeIndex

KINDS = ("accounts", "instruments", "cash", "holdings", "open_orders")
SEVERAL = ("cash", "holdings", "open_orders")  # may come as several files, `cash-BANK1.csv`: one a source
REQUIRED = ("accounts", "instruments", "cash", "holdings")
MAX_EXPONENT = 8  # of prices and quantities
MAX_SETTLEMENT_DAYS = 254  # 255 = the exchange's
MAX_MARGIN_BPS = 65_535
INSTRUMENT_FLAGS = ("authorise", "restricted", "price_may_be_negative", "short_allowed")
NOT_TOLD = 255
EMPTY_FLAGS = {"restricted": NOT_TOLD}  # may be the configuration's word
ACCOUNT_WIDTH = 32
INSTRUMENT_WIDTH = 40  # a symbol, or SYMBOL.MIC


@dataclass(frozen=True)
class Column:
    """One column: its name in the header and how its fields become values.

    kind: text | long_text | decimal | integer | date | code. empty: the value of an empty field, and of a column that
    the file leaves out; None = neither is allowed.
    """

    name: str
    kind: str
    empty: int | bytes | None = None
    width: int = 0  # bytes of a text, at most
    exponent: int | str = 0  # of a decimal: fixed, or the earlier column that it hangs on
    exponents: NDArray[Any] | None = None  # by that column's number; None: its value is the exponent
    minimum: int | None = None
    maximum: int | None = None
    index: CodeIndex | None = None
    may_be_unknown: bool = False  # an unknown code is no fault of the file: it becomes 0 and is noted
    totalled: bool = False  # its sum is the file's control total

    def filled(self, rows: int) -> NDArray[Any]:
        """What stands for the column where the file leaves it out."""
        dtype = {"text": f"S{self.width}", "long_text": "u8", "date": "i4", "code": "u4"}.get(self.kind, "i8")
        return np.full(rows, b"" if isinstance(self.empty, bytes) and self.kind == "text" else self.empty or 0, dtype)


@dataclass(frozen=True)
class Codes:
    """The codes that files may name, and the exponents that hang on them; all by number."""

    currencies: CodeIndex
    currency_exponents: NDArray[Any]
    exchanges: CodeIndex
    classes: CodeIndex
    accounts: CodeIndex
    instruments: CodeIndex
    price_exponents: NDArray[Any]
    quantity_exponents: NDArray[Any]


def words(values: Mapping[str, int]) -> CodeIndex:
    """An index of catalogue words to their values."""
    from oms._core.csv_index import CodeIndex

    return CodeIndex(np.array([word.encode() for word in values], "S16"), np.array(list(values.values()), "u4"))


def columns(kind: str, codes: Codes) -> list[Column]:
    """The columns of a kind of file, in the order in which they are worked out."""
    return {
        "accounts": _accounts,
        "instruments": _instruments,
        "cash": _cash,
        "holdings": _holdings,
        "open_orders": _open_orders,
        "requests": _requests,
        "market": _market,
    }[kind](codes)


def _accounts(codes: Codes) -> list[Column]:
    status = ENUMS["AccountStatus"]
    return [
        Column("account", "text", width=ACCOUNT_WIDTH),
        Column("class", "code", index=codes.classes),
        Column("currency", "code", index=codes.currencies),
        Column("status", "code", status["active"], index=words(status)),
        Column("short_allowed", "code", 0, index=words({"no": 0, "yes": 1})),
        Column("name", "long_text", b"", width=255),
        Column("attributes", "long_text", b"", width=255),
    ]


def _instruments(codes: Codes) -> list[Column]:
    status = ENUMS["InstrumentStatus"]

    def price(name: str, empty: int) -> Column:
        return Column(name, "decimal", empty, exponent="price_exponent", minimum=0)

    def qty(name: str, empty: int, minimum: int = 0) -> Column:
        return Column(name, "decimal", empty, exponent="quantity_exponent", minimum=minimum)

    return [
        Column("symbol", "text", width=24),
        Column("exchange", "code", index=codes.exchanges),
        Column("currency", "code", index=codes.currencies),
        Column("price_exponent", "integer", 4, minimum=0, maximum=MAX_EXPONENT),
        Column("quantity_exponent", "integer", 0, minimum=0, maximum=MAX_EXPONENT),
        Column("tick", "decimal", 1, exponent="price_exponent", minimum=1),
        qty("lot", 1, minimum=1),
        qty("min_qty", 0),
        qty("max_qty", 0),
        Column("multiplier", "integer", 1, minimum=1),
        Column("price_factor_numerator", "integer", 1, minimum=1),
        Column("price_factor_denominator", "integer", 1, minimum=1),
        Column("settlement_days", "integer", 255, minimum=0, maximum=MAX_SETTLEMENT_DAYS),
        price("reference_price", 0),
        Column("status", "code", status["tradable"], index=words(status)),
        *(
            Column(name, "code", EMPTY_FLAGS.get(name, 0), index=words({"no": 0, "yes": 1}))
            for name in INSTRUMENT_FLAGS
        ),
        Column("short_margin_bps", "integer", 0, minimum=0, maximum=MAX_MARGIN_BPS),
        Column("isin", "text", b"", width=12),
        Column("cfi", "text", b"", width=6),
    ]


def _cash(codes: Codes) -> list[Column]:
    return [
        Column("account", "code", index=codes.accounts, may_be_unknown=True),
        Column("currency", "code", index=codes.currencies),
        Column("booked", "decimal", exponent="currency", exponents=codes.currency_exponents, totalled=True),
    ]


def _holdings(codes: Codes) -> list[Column]:
    return [
        Column("account", "code", index=codes.accounts, may_be_unknown=True),
        Column("instrument", "code", index=codes.instruments),
        Column(
            "settled",
            "decimal",
            exponent="instrument",
            exponents=codes.quantity_exponents,
            minimum=0,
            totalled=True,
        ),
        Column("average_price", "decimal", NULL_I64, exponent=8, minimum=0),
    ]


def _qty(codes: Codes, name: str, empty: int | None, minimum: int | None, totalled: bool = False) -> Column:
    exponents = codes.quantity_exponents
    return Column(name, "decimal", empty, 0, "instrument", exponents, minimum, totalled=totalled)


def _price(codes: Codes, name: str, empty: int, minimum: int | None) -> Column:
    return Column(name, "decimal", empty, 0, "instrument", codes.price_exponents, minimum)


def _open_orders(codes: Codes) -> list[Column]:
    return [
        Column("order_id", "text", width=64),
        Column("request", "integer", 0, minimum=1),
        Column("cl_ord_id", "text", b"", width=64),
        Column("account", "code", index=codes.accounts, may_be_unknown=True),
        Column("instrument", "code", index=codes.instruments),
        Column("side", "code", index=words(ENUMS["Side"])),
        Column("ord_type", "code", ENUMS["OrdType"]["limit"], index=words(ENUMS["OrdType"])),
        Column("time_in_force", "code", ENUMS["TimeInForce"]["gtc"], index=words(ENUMS["TimeInForce"])),
        _qty(codes, "order_qty", None, 1, totalled=True),
        _qty(codes, "cum_qty", 0, 0),
        _price(codes, "price", NULL_I64, 1),
        Column("expire_date", "date", 0),
    ]


def _requests(codes: Codes) -> list[Column]:
    """Order requests, good or bad: only their form is checked."""
    return [
        Column("type", "code", index=words(ENUMS["RequestType"])),
        Column("account", "code", index=codes.accounts),
        Column("cl_ord_id", "text", width=64),
        Column("orig_cl_ord_id", "text", b"", width=64),
        Column("instrument", "code", index=codes.instruments),
        Column("side", "code", 0, index=words(ENUMS["Side"])),
        _qty(codes, "order_qty", NULL_I64, None),
        _price(codes, "price", NULL_I64, None),
        Column("ord_type", "code", 0, index=words(ENUMS["OrdType"])),
        Column("time_in_force", "code", 0, index=words(ENUMS["TimeInForce"])),
        Column("expire_date", "date", 0),
    ]


def _market(codes: Codes) -> list[Column]:
    return [
        Column("instrument", "code", index=codes.instruments),
        *(_price(codes, name, 0, 0) for name in ("last", "bid", "ask")),
    ]
