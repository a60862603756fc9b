"""The small market that the property tests trade in; `define` builds it in the engine and in the oracle alike."""

from __future__ import annotations

from datetime import date
from typing import Any

FIRST_DAY = date(2026, 11, 23)  # a Monday

CURRENCIES = ("AUD", "GBP", "JPY")
EXCHANGES = ("XASX", "XLON")
FEEDS = ("XASX", "XASX2", "XLON")
CUSTODIANS = ("bank", "registry")
CLASSES = ("default", "retail", "contract")
ACCOUNTS = ("A", "B", "C")
INSTRUMENTS = ("Q", "FUT", "PEN", "TODAY", "YEN")
USERS = ("alice", "bob", "desk", "junior", "gone", "far")

# price step and lot of each instrument: what a well-formed order is a multiple of
TICK = {"Q": "0.0005", "FUT": "0.05", "PEN": "0.25", "TODAY": "0.01", "YEN": "0.5"}
LOT = {"Q": "1", "FUT": "5", "PEN": "0.125", "TODAY": "10", "YEN": "100"}
REFERENCE = {"Q": "10", "FUT": "25.5", "PEN": "412.25", "TODAY": "3.33", "YEN": "0"}
EXCHANGE_OF = {"Q": "XASX", "FUT": "XASX", "PEN": "XLON", "TODAY": "XASX", "YEN": "XLON"}
CURRENCY_OF = {"Q": "AUD", "FUT": "AUD", "PEN": "GBP", "TODAY": "AUD", "YEN": "JPY"}


def define(book: Any) -> None:
    """Reference data, opening balances, open sessions: `book` is an Engine or an Oracle."""
    define_places(book)
    define_policies(book)
    define_people(book)
    for name in INSTRUMENTS:
        book.define_instrument(
            name,
            exchange=EXCHANGE_OF[name],
            currency=CURRENCY_OF[name],
            tick=TICK[name],
            lot=LOT[name],
            reference_price=REFERENCE[name],
            **INSTRUMENT_DETAILS[name],
        )
    open_the_day(book)


def define_places(book: Any) -> None:
    book.define_currency("AUD", 4, holidays=["2026-11-26"])
    book.define_currency("GBP", 2, holidays=["2026-11-25", "2026-12-25"])
    book.define_currency("JPY", 0)
    book.define_exchange("XASX", 2, feeds=["XASX", "XASX2"], holidays=["2026-11-27"])
    book.define_exchange("XLON", 3)


def define_policies(book: Any) -> None:
    book.define_class("default", receivable_days=0)
    book.define_class(
        "retail",
        receivable_days=2,
        sell_unsettled=False,
        collar_bps=1000,
        min_order_value="1",
        max_order_value="20000",
        auth_above_value="5000",
        market_order_margin_bps=250,
        buffer_timeout_s=30,
    )
    book.define_class("contract", receivable_days=9999, contractual=True, four_eyes=False, auth_above_value="100000")
    book.define_fee("percent", bps="11", minimum="19.95", tax_bps="1000")
    book.define_fee(
        "parts",
        components=[
            {"side": None, "basis": "value", "rate_bps": "33.3", "minimum": "5", "maximum": "80"},
            {"side": "sell", "basis": "flat", "amount": "12.3456"},
            {"side": "buy", "basis": "value", "rate_bps": "50"},
            {"side": "sell", "basis": "brokerage", "rate_bps": "1250"},
        ],
    )
    book.assign_fee("default", "percent")
    book.assign_fee("retail", "percent")
    book.assign_fee("retail", "parts", exchange="XLON")


def define_people(book: Any) -> None:
    book.define_user("alice", ["trade"])
    book.define_user("bob", ["trade_any", "operate"])
    book.define_user("desk", ["authorise", "trade", "operate"])
    book.define_user("junior", ["authorise"], max_value="6000")
    book.define_user("gone", ["trade_any", "authorise"], active=False)
    book.define_user("far", ["trade_any", "authorise", "operate"], owner=7)
    book.define_account("A", account_class="default", users=["alice", "desk"])
    book.define_account("B", account_class="retail", users=["alice"], short_allowed=True)
    book.define_account("C", account_class="contract", users=["bob"], short_allowed=True)


def open_the_day(book: Any) -> None:
    book.business_date(FIRST_DAY)
    for mic in EXCHANGES:
        book.session(mic, "open", FIRST_DAY)
    book.open_feed("XASX")
    book.open_feed("XLON")
    for name in CUSTODIANS:
        book.define_custodian(name)
    amounts = (("AUD", "50000"), ("GBP", "20000.00"), ("JPY", "900000"))
    book.load_cash(
        date(2026, 11, 20),
        [(account, currency, amount) for account in ACCOUNTS for currency, amount in amounts],
        source="bank",
        digest=b"c" * 32,
    )
    book.load_holdings(
        date(2026, 11, 20),
        [
            ("A", "Q", "500", "9.5"),
            ("A", "PEN", "100.5", None),
            ("B", "Q", "200", "10.12345678"),
            ("C", "TODAY", 300, None),
        ],
        source="registry",
        digest=b"h" * 32,
    )


INSTRUMENT_DETAILS: dict[str, dict[str, Any]] = {
    "Q": {"price_exponent": 4, "max_qty": "5000", "short_allowed": True, "short_margin_bps": 5000},
    "FUT": {"price_exponent": 2, "multiplier": 10, "settlement_days": 1, "min_qty": "10"},
    "PEN": {
        "price_exponent": 2,
        "quantity_exponent": 3,
        "price_factor": (1, 100),
        "short_allowed": True,
        "short_margin_bps": 3333,
    },
    "TODAY": {"price_exponent": 3, "settlement_days": 0, "short_allowed": True},
    "YEN": {"price_exponent": 1, "authorise": True},
}
